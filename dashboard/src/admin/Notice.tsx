import { useState } from 'react';
import { adminText } from '../text';
import { copyText } from './copyText';

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
  const [copied, setCopied] = useState<string | null>(null);
  const { address } = said;
  return (
    <div className={said.isProblem ? 'notice problem' : 'notice'} role={said.isProblem ? 'alert' : 'status'}>
      <p>{said.words}</p>
      <div className="tools">
        {said.undo && (
          <button type="button" className="button quiet" onClick={said.undo}>
            {adminText.undo}
          </button>
        )}
        {address !== undefined && (
          <button type="button" className="button quiet" onClick={() => void copyText(address).then((done) => done && setCopied(address))}>
            <span aria-live="polite">{copied === address ? adminText.copied : adminText.copyAddress}</span>
          </button>
        )}
        <button type="button" className="button quiet" onClick={onDone}>
          {adminText.close}
        </button>
      </div>
    </div>
  );
}
