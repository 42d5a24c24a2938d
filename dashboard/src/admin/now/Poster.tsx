import { useState } from 'react';
import { adminText } from '../../text';
import type { Channel } from '../api';
import type { PlannedEvent } from '../schedule/eventApi';
import { hasOpenPicture, isOn } from './cardWords';

const everyMs = 10_000;

/** A channel's latest picture, which may be that of its event; a frame of the same size where there is none. The name stands beside it, so it has no text of its own. */
export function Poster({ channel, event }: { channel: Channel; event: PlannedEvent | undefined }) {
  // Another address each time that there may be another picture: the list is drawn again whenever it is asked for.
  const turn = isOn(channel) ? Math.floor(Date.now() / everyMs) : 0;
  const [missing, setMissing] = useState<number | null>(null);
  const shown = hasOpenPicture(channel, event) && missing !== turn;
  return (
    <div className="poster">
      {shown ? (
        <img src={`/live/${encodeURIComponent(channel.name)}/poster.jpg?at=${turn}`} alt="" width={320} height={180} onError={() => setMissing(turn)} />
      ) : (
        <span className="poster-none">{isOn(channel) ? adminText.now.pictureHidden : adminText.now.noPicture}</span>
      )}
    </div>
  );
}
