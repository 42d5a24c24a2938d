import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { AsyncList } from '../AsyncList';
import { SecretDialog } from '../SecretDialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { type CalendarFeed, createFeed, listFeeds, revokeFeed } from './eventApi';

interface FeedDialogProps {
  api: Api;
  channels: readonly Channel[];
  onExpired: () => void;
  onClose: () => void;
}

/** Manages calendar feeds. */
export function FeedDialog({ api, channels, onExpired, onClose }: FeedDialogProps) {
  const load = useCallback(async () => (await listFeeds(api)).filter((feed) => feed.revokedAt === null), [api]);
  const feeds = usePolled(load, 30_000, onExpired);
  const [issued, setIssued] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<CalendarFeed | null>(null);
  const text = adminText.schedule.feed;

  if (issued !== null)
    return <SecretDialog title={text.issued} hint={text.shownOnce} label={text.issued} secret={issued} onDone={() => setIssued(null)} />;
  if (revoking !== null) {
    return (
      <Confirm
        title={text.revokeTitle}
        hint={text.revokeHint}
        submit={text.revoke}
        onConfirm={async () => {
          await revokeFeed(api, revoking.id);
          feeds.refresh();
        }}
        onClose={() => setRevoking(null)}
      />
    );
  }

  return (
    <Dialog title={text.title} onClose={onClose}>
      <p>{text.intro}</p>
      <AsyncList source={feeds} empty={<p className="field-hint">{text.none}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((feed) => (
              <li key={feed.id}>
                <div>
                  <p className="item-name">{feed.label || text.unnamed}</p>
                  <p className="field-hint">
                    {feed.channel ?? text.all} · {feed.lastUsedAt === null ? text.neverUsed : text.lastUsed(clockText(feed.lastUsedAt))}
                  </p>
                </div>
                <button type="button" className="button secondary" onClick={() => setRevoking(feed)}>
                  {text.revoke}
                </button>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
      <ActionForm
        submit={text.create}
        working={text.working}
        onCancel={onClose}
        onSubmit={async (form) => {
          const channel = String(form.get('channel'));
          const created = await createFeed(api, { label: String(form.get('label')).trim(), ...(channel === '' ? {} : { channel }) });
          setIssued(created.url);
          feeds.refresh();
        }}
      >
        {(fieldErrors) => (
          <>
            <SelectField
              label={adminText.schedule.channel}
              name="channel"
              error={fieldErrors.channel}
              options={[
                ['', adminText.schedule.allChannels],
                ...channels.map((channel) => [channel.name, channel.title || channel.name] as const),
              ]}
            />
            <TextField label={text.label} name="label" hint={text.labelHint} error={fieldErrors.label} maxLength={200} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
