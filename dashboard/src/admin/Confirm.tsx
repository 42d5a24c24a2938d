import { ActionForm, Dialog } from './Dialog';

interface ConfirmProps {
  title: string;
  hint: string;
  submit: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks for confirmation of an irreversible action. It closes when the action succeeds, and shows the error otherwise. */
export function Confirm({ title, hint, submit, danger = true, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <ActionForm
        submit={submit}
        danger={danger}
        onCancel={onClose}
        onSubmit={async () => {
          await onConfirm();
          onClose();
        }}
      >
        {() => <p>{hint}</p>}
      </ActionForm>
    </Dialog>
  );
}
