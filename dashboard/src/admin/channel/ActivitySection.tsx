import { useCallback, useEffect, useRef } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { clockText } from '../times';
import { usePages } from '../usePages';
import { type ActivityEntry, listActivity } from './channelApi';
import { activityKind, activityText } from './activityText';

const pageSize = 30;
const reloadDelayMs = 1500;

/** The activity of a channel, newest first. Reloads when `revision` changes. */
export function ActivitySection({ api, channel, revision }: { api: Api; channel: string; revision: number }) {
  const load = useCallback((before?: string) => listActivity(api, channel, pageSize, before), [api, channel]);
  const { items, error, hasMore, loadMore, reload } = usePages<string, ActivityEntry>(load, pageSize);
  const text = adminText.channelPage.activity;
  const reloadRef = useRef(reload);
  const shownRevision = useRef(revision);
  // Do not reload after the user has loaded older entries.
  reloadRef.current = items !== null && items.length > pageSize ? () => undefined : reload;

  useEffect(() => {
    if (shownRevision.current === revision) return undefined;
    shownRevision.current = revision;
    // Entries may be written shortly after their notification, and several arrive together.
    const timer = window.setTimeout(() => reloadRef.current(), reloadDelayMs);
    return () => window.clearTimeout(timer);
  }, [revision]);

  return (
    <section className="block" aria-labelledby="activity-title">
      <h2 id="activity-title">{text.title}</h2>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {items === null && error === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.none}</p>}
      <ol className="activity">
        {items?.map((entry) => (
          <li key={entry.id} data-kind={activityKind(entry)}>
            <time dateTime={entry.at}>{clockText(entry.at)}</time>
            <span>{activityText(entry)}</span>
          </li>
        ))}
      </ol>
      {hasMore && (
        <button type="button" className="button secondary" onClick={loadMore}>
          {text.more}
        </button>
      )}
    </section>
  );
}
