import { adminText } from '../../text';

/** What a channel is doing, as a colored word. */
export function StatePill({ state }: { state: string }) {
  return (
    <span className="pill" data-pill={state}>
      <span className="dot" aria-hidden="true" />
      {adminText.states[state] ?? state}
    </span>
  );
}
