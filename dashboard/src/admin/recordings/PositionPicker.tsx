import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import type { Recording } from './recordingApi';
import { type PlayerHandle, RecordingVideo } from './RecordingVideo';

interface PositionPickerProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  /** Labels of the form fields `start` and `end`. */
  start: string;
  end: string;
  /** Formats a time for these fields. */
  format: (recording: Recording, at: Date) => string;
  /** Whether the player is shown at once, or on request. */
  isOpen: boolean;
}

/** A player in a form. Its position can be copied to the fields `start` and `end`. */
export function PositionPicker({ api, recording, channel, start, end, format, isOpen }: PositionPickerProps) {
  const [isShown, setShown] = useState(isOpen);
  const picker = useRef<HTMLDivElement>(null);
  const player = useRef<PlayerHandle | null>(null);
  const [status, setStatus] = useState('');
  const text = adminText.recordings;

  // On request, it opens below the visible part of the dialog.
  useEffect(() => {
    if (isShown && !isOpen) scrollToElement(picker.current);
  }, [isShown, isOpen]);

  function copyPosition(button: HTMLButtonElement, name: 'start' | 'end', label: string) {
    const current = player.current;
    const field = button.form?.elements.namedItem(name);
    if (current === null || current.video.readyState < HTMLMediaElement.HAVE_METADATA || !(field instanceof HTMLInputElement)) {
      setStatus(text.positionUnavailable);
      return;
    }
    setStatus(
      writePosition(
        field,
        label,
        format(recording, current.frameTime() ?? new Date(Date.parse(recording.startsAt) + current.video.currentTime * 1000)),
      ),
    );
  }

  if (!isShown) {
    return (
      <div>
        <button type="button" className="button secondary" onClick={() => setShown(true)}>
          {text.showPlayer}
        </button>
      </div>
    );
  }
  return (
    <div ref={picker} className="position-picker">
      <RecordingVideo api={api} recording={recording} channel={channel} autoPlay={false} handle={player} />
      <div className="tools">
        <button type="button" className="button secondary" onClick={(event) => copyPosition(event.currentTarget, 'start', start)}>
          {text.usePosition(start)}
        </button>
        <button type="button" className="button secondary" onClick={(event) => copyPosition(event.currentTarget, 'end', end)}>
          {text.usePosition(end)}
        </button>
      </div>
      <p className="field-hint" role="status">
        {status}
      </p>
    </div>
  );
}

/** Writes a position to a field and returns a message with the field's value, which the field may have normalized. */
export function writePosition(field: { value: string }, label: string, position: string): string {
  field.value = position;
  return adminText.recordings.positionUsed(label, field.value);
}

/** Scrolls to an element, without animation if the user prefers reduced motion. */
export function scrollToElement(element: Element | null): void {
  const isMotionReduced = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  element?.scrollIntoView({ behavior: isMotionReduced ? 'auto' : 'smooth', block: 'nearest' });
}
