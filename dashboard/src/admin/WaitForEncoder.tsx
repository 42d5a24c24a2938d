import { useState } from 'react';
import { adminText } from '../text';

const pictureEveryMs = 5000;

/** Says whether a channel's encoder has come, and shows its latest picture. Drawn again whenever the list of channels is asked for. */
export function WaitForEncoder({ channel, state }: { channel: string; state: string }) {
  const turn = Math.floor(Date.now() / pictureEveryMs);
  const [missing, setMissing] = useState<number | null>(null);
  const text = adminText.newKey;
  const isLive = state === 'live';
  const isHere = isLive || state === 'starting' || state === 'preview';
  return (
    <div className="waiting" data-here={isHere}>
      <p role="status">
        <span className="dot" aria-hidden="true" /> {isLive ? text.live : isHere ? text.here : text.waiting}
      </p>
      {isLive && missing !== turn && (
        <img src={`/live/${encodeURIComponent(channel)}/poster.jpg?at=${turn}`} alt="" width={320} height={180} onError={() => setMissing(turn)} />
      )}
    </div>
  );
}
