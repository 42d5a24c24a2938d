import { adminText } from '../../text';

/** A channel's state as a colored label. */
export function StatePill({ state }: { state: string }) {
  return (
    <span className="pill" data-pill={state}>
      <span className="dot" aria-hidden="true" />
      {adminText.states[state] ?? state}
    </span>
  );
}
