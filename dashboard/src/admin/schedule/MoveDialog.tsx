import { adminText } from '../../text';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';
import type { PlannedEvent } from './eventApi';
import { refuseNothing } from './EventForm';

interface MoveDialogProps {
  event: PlannedEvent;
  /** Moves it to when clocks show that in its time zone. */
  onMove: (to: string) => Promise<void>;
  onClose: () => void;
}

/** Moves an event without dragging: it starts at another time and is as long as it was. What is in its way is said here. */
export function MoveDialog({ event, onMove, onClose }: MoveDialogProps) {
  const text = adminText.schedule.move;
  const from = event.localStart.slice(0, 16);
  return (
    <Dialog title={text.title(event.title)} onClose={onClose} stays>
      <ActionForm
        submit={text.submit}
        working={text.working}
        onCancel={onClose}
        onSubmit={async (form) => {
          const to = String(form.get('start') ?? '');
          refuseNothing(to === from ? {} : { to });
          await onMove(to);
        }}
      >
        {(mistakes) => (
          <TextField
            label={text.start}
            name="start"
            type="datetime-local"
            hint={event.series === null ? text.hint(event.timeZone) : text.hintOne(event.timeZone)}
            mistake={mistakes.start}
            defaultValue={from}
            required
            autoFocus
          />
        )}
      </ActionForm>
    </Dialog>
  );
}
