import { adminText } from '../../text';
import type { Api } from '../api';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { act, type ChatMessage, type NewChatAction } from './chatApi';

interface ModerateDialogProps {
  api: Api;
  channel: string;
  message: ChatMessage;
  onChanged: () => void;
  onClose: () => void;
}

const kinds = ['remove', 'timeout', 'ban', 'mute', 'pin'] as const;

/** Actions of a moderator on a message and its sender. */
export function ModerateDialog({ api, channel, message, onChanged, onClose }: ModerateDialogProps) {
  const text = adminText.chat;
  return (
    <Dialog title={text.moderateTitle(message.name)} onClose={onClose} keepOpen>
      <ActionForm
        submit={text.apply}
        working={text.working}
        onCancel={onClose}
        onSubmit={async (form) => {
          await act(api, channel, actionOf(message, form));
          onClose();
          onChanged();
        }}
      >
        {(fieldErrors) => (
          <>
            <p dir="auto">{message.text}</p>
            <SelectField label={text.action} name="action" options={kinds.map((kind) => [kind, text.actions[kind]] as const)} />
            <SelectField label={text.duration} name="seconds" options={text.durations} initial="600" error={fieldErrors.seconds} />
            <label className="check">
              <input type="checkbox" name="network" value="on" /> {text.network}
            </label>
            <TextField label={text.reason} name="reason" maxLength={300} error={fieldErrors.reason} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

/** Request of the form: the duration belongs to a timeout, the network to a ban. */
export function actionOf(message: ChatMessage, form: FormData): NewChatAction {
  const action = String(form.get('action'));
  const reason = String(form.get('reason') ?? '').trim();
  return {
    action,
    session: message.session,
    message: message.id,
    ...(action === 'timeout' ? { seconds: Number(form.get('seconds')) } : {}),
    ...(action === 'ban' && form.get('network') === 'on' ? { network: true } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}
