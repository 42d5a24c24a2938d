import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import type { Recording } from './recordingApi';
import { recordingName } from './recordingWords';

/** Plays a recording; what plays it is fetched when somebody wants to see one. */
export function RecordingPlayer({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [broken, setBroken] = useState(false);
  const address = recording.addresses.hls;
  const text = adminText.recordings;

  useEffect(() => {
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
          if (problem.fatal) setBroken(true);
        });
        hls.loadSource(address);
        hls.attachMedia(element);
        stop = () => hls.destroy();
      },
      () => setBroken(true),
    );
    return () => stop();
  }, [address]);

  return (
    <Dialog title={recordingName(recording)} onClose={onClose}>
      {broken && (
        <p className="problem" role="alert">
          {text.cannotPlay}
        </p>
      )}
      <video ref={video} className="recording-video wide" controls autoPlay playsInline poster={recording.addresses.poster} onError={() => setBroken(true)} />
      <CopyField label={text.address} value={address} />
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}
