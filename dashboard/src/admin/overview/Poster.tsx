import { useState } from 'react';
import { adminText } from '../../text';
import type { Channel } from '../api';
import type { PlannedEvent } from '../schedule/eventApi';
import { hasPublicMedia, hasSession } from './cardText';

const refreshMs = 10_000;

/**
 * The latest thumbnail of a channel, which may be its event's poster; otherwise a placeholder of the same size. The name next to it serves
 * as its text.
 */
export function Poster({ channel, event }: { channel: Channel; event: PlannedEvent | undefined }) {
  // The query changes when a new image may exist; the list renders on each poll.
  const version = hasSession(channel) ? Math.floor(Date.now() / refreshMs) : 0;
  const [missingVersion, setMissingVersion] = useState<number | null>(null);
  const isShown = hasPublicMedia(channel, event) && missingVersion !== version;
  return (
    <div className="poster">
      {isShown ? (
        <img
          src={`/live/${encodeURIComponent(channel.name)}/poster.jpg?optional&at=${version}`}
          alt=""
          width={320}
          height={180}
          onError={() => setMissingVersion(version)}
        />
      ) : (
        <span className="poster-placeholder">{hasSession(channel) ? adminText.overview.posterHidden : adminText.overview.noPoster}</span>
      )}
    </div>
  );
}
