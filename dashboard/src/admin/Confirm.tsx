import { ActionForm, Dialog } from './Dialog';

interface ConfirmProps {
  title: string;
  hint: string;
  submit: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be undone. It closes when that is done; what went wrong is said in it. */
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
