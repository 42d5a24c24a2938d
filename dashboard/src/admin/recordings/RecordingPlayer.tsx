import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import type { Recording } from './recordingApi';
import { recordingName } from './recordingWords';
import { useWatchAccess, withToken } from './watchAddress';

interface RecordingPlayerProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Plays a recording, that of a channel that takes a link with one made for it; what plays it is fetched when somebody wants to see one. */
export function RecordingPlayer({ api, recording, channel, onClose }: RecordingPlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [broken, setBroken] = useState(false);
  const [refused, setRefused] = useState(false);
  const access = useWatchAccess(api, recording, channel, refused);
  const placed = (address: string) => (access.token === null ? address : withToken(address, access.token));
  const address = access.isReady ? placed(recording.addresses.hls) : null;
  const text = adminText.recordings;

  useEffect(() => {
    if (address === null) return undefined;
    let isGone = false;
    let stop = () => {
      isGone = true;
    };
    import('hls.js').then(
      ({ default: Hls }) => {
        const element = video.current;
        if (isGone || element === null) return;
        if (!Hls.isSupported()) {
          element.src = address;
          return;
        }
        const hls = new Hls();
        hls.on(Hls.Events.ERROR, (_, problem) => {
          if (!problem.fatal) return;
          if (problem.response?.code === 403 && !refused) setRefused(true);
          else setBroken(true);
        });
        hls.loadSource(address);
        hls.attachMedia(element);
        stop = () => hls.destroy();
      },
      () => setBroken(true),
    );
    return () => stop();
  }, [address, refused]);

  return (
    <Dialog title={recordingName(recording)} onClose={onClose}>
      {(broken || access.problem !== null) && (
        <p className="problem" role="alert">
          {access.problem ?? text.cannotPlay}
        </p>
      )}
      <video ref={video} className="recording-video wide" controls autoPlay playsInline poster={address === null ? undefined : placed(recording.addresses.poster)} onError={() => setBroken(true)} />
      {access.token === null ? <CopyField label={text.address} value={recording.addresses.hls} /> : <p className="field-hint">{text.withLink}</p>}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}
