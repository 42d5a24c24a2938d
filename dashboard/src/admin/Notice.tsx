import { adminText } from '../text';
import { copyText } from './copyText';
import { copyWords, useCopying } from './copying';

/** What just happened. */
export interface Said {
  words: string;
  isProblem?: boolean;
  undo?: () => void;
  /** An address to send on, such as that of what was made. */
  address?: string;
}

/** Tells what just happened, with the way back where there is one, until somebody closes it. */
export function Notice({ said, onDone }: { said: Said; onDone: () => void }) {
  return (
    <div className={said.isProblem ? 'notice problem' : 'notice'} role={said.isProblem ? 'alert' : 'status'}>
      <p>{said.words}</p>
      <div className="tools">
        {said.undo && (
          <button type="button" className="button quiet" onClick={said.undo}>
            {adminText.undo}
          </button>
        )}
        {said.address !== undefined && <CopyAddress key={said.address} address={said.address} />}
        <button type="button" className="button quiet" onClick={onDone}>
          {adminText.close}
        </button>
      </div>
    </div>
  );
}

function CopyAddress({ address }: { address: string }) {
  const { told, done } = useCopying();
  return (
    <button type="button" className="button quiet" onClick={() => void copyText(address).then(done)}>
      <span aria-live="polite">{copyWords(told, adminText.copyAddress)}</span>
    </button>
  );
}
