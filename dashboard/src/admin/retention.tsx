import { adminText } from '../text';
import { ApiError } from './api';
import { Confirm } from './Confirm';

/** The request member that confirms the expiry of existing recordings. */
const member = 'expireRecordings';

/** A change that the server makes only when the user confirms that existing recordings expire earlier. */
export interface ExpiringChange {
  /** The server's statement about these recordings. */
  effect: string;
  /** Sends the change with the confirmation. */
  confirm: () => Promise<unknown>;
}

/**
 * Sends a change.
 * @returns What the user must confirm before the server makes the change; null if it made it.
 */
export async function sendChange<T extends object>(
  change: T,
  send: (change: T & { expireRecordings?: boolean }) => Promise<unknown>,
): Promise<ExpiringChange | null> {
  try {
    await send(change);
    return null;
  } catch (error) {
    if (!(error instanceof ApiError) || error.needs !== member) throw error;
    // The second sentence is for programs.
    return { effect: `${error.message.split('. ')[0]}.`, confirm: () => send({ ...change, [member]: true }) };
  }
}

interface ConfirmExpiryProps {
  change: ExpiringChange;
  onClose: () => void;
}

/** Asks for confirmation that existing recordings expire earlier. */
export function ConfirmExpiry({ change, onClose }: ConfirmExpiryProps) {
  const text = adminText.recordings;
  return (
    <Confirm
      title={text.expireTitle}
      hint={`${change.effect} ${text.expireHint}`}
      submit={text.expireSubmit}
      onConfirm={change.confirm}
      onClose={onClose}
    />
  );
}
