import { adminText } from '../../text';
import { embedCode } from '../../watch/shareLinks';
import type { Channel } from '../api';
import { CopyField } from '../CopyField';
import { channelPageAddress } from '../viewerPages';

interface ShareSectionProps {
  channel: Channel;
  /** Scheme and host, such as `https://live.example.org`. */
  origin: string;
  /** Whether the reader can make links. */
  mayManage: boolean;
}

/** What viewers are sent: the address of the channel's page, and what puts it into another page. Neither has a token in it. */
export function ShareSection({ channel, origin, mayManage }: ShareSectionProps) {
  const text = adminText.channelPage.share;
  const access = channel.access ?? 'public';
  const name = encodeURIComponent(channel.name);
  const embed = embedCode({ origin, page: `/watch/${name}`, embed: `/embed/${name}`, title: channel.title || channel.name }, null);
  return (
    <section className="block" aria-labelledby="share-title">
      <h2 id="share-title">{text.title}</h2>
      <CopyField label={text.page} value={channelPageAddress(origin, channel.name)} />
      <CopyField label={text.embed} value={embed} />
      <p className="field-hint">{(mayManage || access === 'public' ? text.hints[access] : undefined) ?? text.hints.other}</p>
    </section>
  );
}
