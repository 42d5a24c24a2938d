import { useCallback, useEffect, useRef } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { clockText } from '../times';
import { usePages } from '../usePages';
import { type Happening, timeline } from './channelApi';
import { happeningKind, happeningWords } from './timelineWords';

const pageSize = 30;
const settleMs = 1500;

/** All that happened on a channel, newest first; read anew when `happened` is another number. */
export function TimelineSection({ api, channel, happened }: { api: Api; channel: string; happened: number }) {
  const ask = useCallback((before?: string) => timeline(api, channel, pageSize, before), [api, channel]);
  const { items, problem, hasMore, more, again } = usePages<string, Happening>(ask, pageSize);
  const text = adminText.channelPage.timeline;
  const reread = useRef(again);
  const seen = useRef(happened);
  // Who has read on stays where they are.
  reread.current = items !== null && items.length > pageSize ? () => undefined : again;

  useEffect(() => {
    if (seen.current === happened) return undefined;
    seen.current = happened;
    // Rows may be written a moment after they are told of, and several come at once.
    const timer = window.setTimeout(() => reread.current(), settleMs);
    return () => window.clearTimeout(timer);
  }, [happened]);

  return (
    <section className="block" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{text.title}</h2>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem.words}
        </p>
      )}
      {items === null && problem === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.none}</p>}
      <ol className="timeline">
        {items?.map((happening) => (
          <li key={happening.id} data-kind={happeningKind(happening)}>
            <time dateTime={happening.at}>{clockText(happening.at)}</time>
            <span>{happeningWords(happening)}</span>
          </li>
        ))}
      </ol>
      {hasMore && (
        <button type="button" className="button quiet" onClick={more}>
          {text.more}
        </button>
      )}
    </section>
  );
}
