import { adminText } from '../text';

/** What just happened. */
export interface Said {
  words: string;
  isProblem?: boolean;
  undo?: () => void;
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
        <button type="button" className="button quiet" onClick={onDone}>
          {adminText.close}
        </button>
      </div>
    </div>
  );
}
