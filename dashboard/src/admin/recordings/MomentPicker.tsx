import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import type { Recording } from './recordingApi';
import { type Played, RecordingVideo } from './RecordingVideo';

interface MomentPickerProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  /** What the fields `start` and `end` of the form are called. */
  start: string;
  end: string;
  /** How a time in the recording is written into them. */
  written: (recording: Recording, at: Date) => string;
  /** Whether the picture is there at once, or only when somebody asks for it. */
  isOpen: boolean;
}

/** The recording's picture in a form: what it shows can be taken for where something begins or ends. The form's fields `start` and `end` are written to, as if somebody had typed. */
export function MomentPicker({ api, recording, channel, start, end, written, isOpen }: MomentPickerProps) {
  const [isShown, setShown] = useState(isOpen);
  const picker = useRef<HTMLDivElement>(null);
  const played = useRef<Played | null>(null);
  const [said, setSaid] = useState('');
  const text = adminText.recordings;

  // Asked for, it comes up below what is seen of the dialog.
  useEffect(() => {
    if (isShown && !isOpen) bringIntoSight(picker.current);
  }, [isShown, isOpen]);

  function take(button: HTMLButtonElement, name: 'start' | 'end', label: string) {
    const now = played.current;
    const field = button.form?.elements.namedItem(name);
    if (now === null || now.video.readyState < HTMLMediaElement.HAVE_METADATA || !(field instanceof HTMLInputElement)) {
      setSaid(text.noMoment);
      return;
    }
    setSaid(takeMoment(field, label, written(recording, now.shownAt() ?? new Date(Date.parse(recording.startsAt) + now.video.currentTime * 1000))));
  }

  if (!isShown) {
    return (
      <div>
        <button type="button" className="button quiet" onClick={() => setShown(true)}>
          {text.showPicture}
        </button>
      </div>
    );
  }
  return (
    <div ref={picker} className="moment-picker">
      <RecordingVideo api={api} recording={recording} channel={channel} autoPlay={false} played={played} />
      <div className="tools">
        <button type="button" className="button quiet" onClick={(event) => take(event.currentTarget, 'start', start)}>
          {text.takeMoment(start)}
        </button>
        <button type="button" className="button quiet" onClick={(event) => take(event.currentTarget, 'end', end)}>
          {text.takeMoment(end)}
        </button>
      </div>
      <p className="field-hint" role="status">
        {said}
      </p>
    </div>
  );
}

/** Writes a time into a field, and says what now stands in it: the field may write it otherwise. */
export function takeMoment(field: { value: string }, label: string, moment: string): string {
  field.value = moment;
  return adminText.recordings.momentTaken(label, field.value);
}

/** Scrolls to an element, at once for who wants nothing to move. */
export function bringIntoSight(element: Element | null): void {
  const isStill = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  element?.scrollIntoView({ behavior: isStill ? 'auto' : 'smooth', block: 'nearest' });
}
