import { useState } from 'react';
import { adminText } from '../../text';
import { embedCode } from '../../watch/shareLinks';
import type { Channel } from '../api';
import { CopyField } from '../CopyField';
import { channelPageUrl } from '../viewerPages';

interface ShareSectionProps {
  channel: Channel;
  /** Scheme and host, such as `https://live.example.org`. */
  origin: string;
  /** Whether the user can create viewer links. */
  canManage: boolean;
}

/** The watch URL of a channel and its embed code. Neither contains a token. */
export function ShareSection({ channel, origin, canManage }: ShareSectionProps) {
  const text = adminText.channelPage.share;
  const access = channel.access ?? 'public';
  const name = encodeURIComponent(channel.name);
  const [withChat, setWithChat] = useState(false);
  const page = { origin, page: `/watch/${name}`, embed: `/embed/${name}`, title: channel.title || channel.name };
  return (
    <section className="block" aria-labelledby="share-title">
      <h2 id="share-title">{text.title}</h2>
      <CopyField label={text.watchUrl} value={channelPageUrl(origin, channel.name)} />
      <CopyField label={text.embed} value={embedCode(page, null, withChat)} />
      <label className="check">
        <input type="checkbox" checked={withChat} onChange={(event) => setWithChat(event.target.checked)} /> {text.withChat}
      </label>
      <p className="field-hint">{(canManage || access === 'public' ? text.hints[access] : undefined) ?? text.hints.other}</p>
    </section>
  );
}
