import type Hls from 'hls.js';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import type { Recording } from './recordingApi';
import { useWatchAccess, withToken } from './watchAddress';

/** What is being played: the element, and when what it shows was sent, as far as its playlist says so. */
export interface Played {
  video: HTMLVideoElement;
  shownAt: () => Date | null;
}

/** What it is watched with: nothing yet or at all, a link that was made for this, or one was needed and could not be made. */
export type Link = 'none' | 'made' | 'denied';

interface RecordingVideoProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  autoPlay: boolean;
  /** Filled with what is played, for whoever asks it where it is. */
  played?: RefObject<Played | null>;
  /** What it is watched with, when that changes. */
  onLink?: (link: Link) => void;
}

/** A recording's picture, that of a channel that takes a link with one made for it; what plays it is fetched when somebody wants to see one. */
export function RecordingVideo({ api, recording, channel, autoPlay, played, onLink }: RecordingVideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [broken, setBroken] = useState(false);
  const [refused, setRefused] = useState(false);
  const access = useWatchAccess(api, recording, channel, refused);
  const placed = (address: string) => (access.token === null ? address : withToken(address, access.token));
  const address = access.isReady ? placed(recording.addresses.hls) : null;
  const link: Link = access.token !== null ? 'made' : access.problem !== null ? 'denied' : 'none';

  useEffect(() => onLink?.(link), [link, onLink]);

  useEffect(() => {
    if (address === null) return undefined;
    let isGone = false;
    let player: Hls | null = null;
    if (played && video.current !== null) played.current = { video: video.current, shownAt: () => player?.playingDate ?? null };
    import('hls.js').then(
      ({ default: Engine }) => {
        const element = video.current;
        if (isGone || element === null) return;
        if (!Engine.isSupported()) {
          element.src = address;
          return;
        }
        const hls = new Engine();
        player = hls;
        hls.on(Engine.Events.ERROR, (_, problem) => {
          if (!problem.fatal) return;
          if (problem.response?.code === 403 && !refused) setRefused(true);
          else setBroken(true);
        });
        hls.loadSource(address);
        hls.attachMedia(element);
      },
      () => setBroken(true),
    );
    return () => {
      isGone = true;
      player?.destroy();
      if (played) played.current = null;
    };
  }, [address, refused, played]);

  return (
    <>
      {(broken || access.problem !== null) && (
        <p className="problem" role="alert">
          {access.problem ?? adminText.recordings.cannotPlay}
        </p>
      )}
      {access.problem === null && (
        <video ref={video} className="recording-video wide" controls autoPlay={autoPlay} playsInline poster={address === null ? undefined : placed(recording.addresses.poster)} onError={() => setBroken(true)} />
      )}
    </>
  );
}
