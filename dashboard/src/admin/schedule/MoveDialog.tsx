import { adminText } from '../../text';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';
import type { PlannedEvent } from './eventApi';
import { rejectEmpty } from './EventForm';

interface MoveDialogProps {
  event: PlannedEvent;
  /** Moves the event to a local time in its zone. */
  onMove: (to: string) => Promise<void>;
  onClose: () => void;
}

/** Moves an event without dragging. The duration is kept. Conflicts are shown here. */
export function MoveDialog({ event, onMove, onClose }: MoveDialogProps) {
  const text = adminText.schedule.move;
  const from = event.localStart.slice(0, 16);
  return (
    <Dialog title={text.title(event.title)} onClose={onClose} keepOpen>
      <ActionForm
        submit={text.submit}
        working={text.working}
        onCancel={onClose}
        onSubmit={async (form) => {
          const to = String(form.get('start') ?? '');
          rejectEmpty(to === from ? {} : { to });
          await onMove(to);
        }}
      >
        {(fieldErrors) => (
          <TextField
            label={text.start}
            name="start"
            type="datetime-local"
            hint={event.series === null ? text.hint(event.timeZone) : text.occurrenceHint(event.timeZone)}
            error={fieldErrors.start}
            defaultValue={from}
            required
            autoFocus
          />
        )}
      </ActionForm>
    </Dialog>
  );
}
