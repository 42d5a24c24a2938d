import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { hasOpenPicture, stateOf } from '../now/cardWords';
import type { PlannedEvent } from '../schedule/eventApi';
import { previewToken } from './channelApi';
import { previewLink, rememberLink } from './kept';

const opensForMs = 2 * 3600_000;
const renewBeforeMs = 5 * 60_000;

interface PreviewProps {
  api: Api;
  channel: Channel;
  /** The one that is on or comes next, if any: while it is live, it says who may watch. */
  event: PlannedEvent | undefined;
  /** Whether that is known by now: until then nothing is opened that may not be for everybody. */
  isEventKnown: boolean;
  mayManage: boolean;
}

/** A channel's picture with the controls that viewers have: their own embed page. What is not for everybody is watched with a link that is made for it. */
export function Preview({ api, channel, event, isEventKnown, mayManage }: PreviewProps) {
  const text = adminText.channelPage.preview;
  const state = stateOf(channel);
  const isOff = state === 'offline';
  const open = hasOpenPicture(channel, event);
  const { token, problem } = usePreviewToken(api, channel.name, !isOff && isEventKnown && !open && mayManage);
  // Once there is a link it stays: another address would begin the player anew.
  const prefix = token !== null ? `/t/${encodeURIComponent(token)}` : open && isEventKnown ? '' : null;

  return (
    <section className="preview" aria-label={text.title}>
      <div className="preview-frame">
        {isOff || prefix === null ? (
          <p className="preview-none" role="status">
            {isOff ? text.offline : (problem ?? (mayManage || !isEventKnown ? adminText.loading : text.forbidden))}
          </p>
        ) : (
          <iframe key={prefix} src={`${prefix}/embed/${encodeURIComponent(channel.name)}?muted=1&counted=0`} title={text.frame(channel.title || channel.name)} allow="autoplay; fullscreen; picture-in-picture" />
        )}
      </div>
      {!isOff && token !== null && <p className="field-hint">{state === 'preview' ? text.hidden : text.guarded}</p>}
    </section>
  );
}

/** A link for this page alone, renewed before it ends. */
function usePreviewToken(api: Api, channel: string, isNeeded: boolean): { token: string | null; problem: string | null } {
  const [token, setToken] = useState<string | null>(() => known(channel)?.token ?? null);
  const [problem, setProblem] = useState<string | null>(null);
  const [renewed, setRenewed] = useState(0);

  useEffect(() => {
    if (!isNeeded) return undefined;
    let stays = true;
    let timer: number | undefined;
    const use = (made: { token: string; until: number }) => {
      setToken(made.token);
      timer = window.setTimeout(() => setRenewed((count) => count + 1), made.until - renewBeforeMs - Date.now());
    };
    const kept = known(channel);
    if (kept !== null) {
      use(kept);
    } else {
      const until = Date.now() + opensForMs;
      previewToken(api, channel, adminText.channelPage.preview.tokenLabel, new Date(until)).then(
        (made) => {
          const fresh = { token: made.token, until };
          rememberLink(channel, fresh);
          if (stays) use(fresh);
        },
        (error: unknown) => stays && setProblem(error instanceof ApiError ? error.words : adminText.failed),
      );
    }
    return () => {
      stays = false;
      window.clearTimeout(timer);
    };
  }, [api, channel, isNeeded, renewed]);

  return { token, problem };
}

function known(channel: string): { token: string; until: number } | null {
  const kept = previewLink(channel);
  return kept !== null && kept.until - renewBeforeMs > Date.now() ? kept : null;
}
