import type Hls from 'hls.js';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import type { Recording } from './recordingApi';
import { useWatchAccess, withToken } from './watchUrl';

/** The video element, and a function that returns the wall-clock time of the current frame, if the playlist has it. */
export interface PlayerHandle {
  video: HTMLVideoElement;
  frameTime: () => Date | null;
}

/** The viewer token's state: not needed or not yet known, created, or denied. */
export type LinkState = 'none' | 'made' | 'denied';

interface RecordingVideoProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  autoPlay: boolean;
  /** Set to the player's handle while it plays. */
  handle?: RefObject<PlayerHandle | null>;
  /** Called when the token's state changes. */
  onLink?: (linkState: LinkState) => void;
}

/** Plays a recording, with a viewer token if required. The player script is loaded on demand. */
export function RecordingVideo({ api, recording, channel, autoPlay, handle, onLink }: RecordingVideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [hasFailed, setFailed] = useState(false);
  const [isDenied, setDenied] = useState(false);
  const watchAccess = useWatchAccess(api, recording, channel, isDenied);
  const withAccess = (url: string) => (watchAccess.token === null ? url : withToken(url, watchAccess.token));
  const url = watchAccess.isReady ? withAccess(recording.urls.hls) : null;
  const linkState: LinkState = watchAccess.token !== null ? 'made' : watchAccess.error !== null ? 'denied' : 'none';

  useEffect(() => onLink?.(linkState), [linkState, onLink]);

  useEffect(() => {
    if (url === null) return undefined;
    let isDisposed = false;
    let player: Hls | null = null;
    if (handle && video.current !== null) handle.current = { video: video.current, frameTime: () => player?.playingDate ?? null };
    import('hls.js').then(
      ({ default: Engine }) => {
        const element = video.current;
        if (isDisposed || element === null) return;
        if (!Engine.isSupported()) {
          element.src = url;
          return;
        }
        const hls = new Engine();
        player = hls;
        hls.on(Engine.Events.ERROR, (_, errorData) => {
          if (!errorData.fatal) return;
          if (errorData.response?.code === 403 && !isDenied) setDenied(true);
          else setFailed(true);
        });
        hls.loadSource(url);
        hls.attachMedia(element);
      },
      () => setFailed(true),
    );
    return () => {
      isDisposed = true;
      player?.destroy();
      if (handle) handle.current = null;
    };
  }, [url, isDenied, handle]);

  return (
    <>
      {(hasFailed || watchAccess.error !== null) && (
        <p className="problem" role="alert">
          {watchAccess.error ?? adminText.recordings.playbackFailed}
        </p>
      )}
      {watchAccess.error === null && (
        <video
          ref={video}
          className="recording-video wide"
          controls
          autoPlay={autoPlay}
          playsInline
          poster={url === null ? undefined : withAccess(recording.urls.poster)}
          onError={() => setFailed(true)}
        />
      )}
    </>
  );
}
