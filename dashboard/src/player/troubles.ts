import { Recovery, type Remedy, type Trouble } from './recovery';
import type { Mode } from './speed';
import type { Failure } from './state';

/** A recording that fails so often in a row is said to fail. */
const replayTroublesUntilError = 5;

/** What can be done about a trouble, apart from giving up. */
export type Mending = Exclude<Remedy, { action: 'giveUp' }>['action'];

/** What is wrong with playback now, and what is about to be done about it. */
export class Troubles {
  /** What viewers are told of it, null while there is nothing to tell. */
  failure: Failure | null = null;
  /** Something did not load, and nothing has played since. */
  loadingFailed = false;
  private readonly mend: (action: Mending) => void;
  private readonly recovery = new Recovery();
  private replayTroubles = 0;
  private timer: number | undefined;

  /** @param mend is called when the time has come */
  constructor(mend: (action: Mending) => void) {
    this.mend = mend;
  }

  /** A remedy is under way. */
  get isMending(): boolean {
    return this.timer !== undefined;
  }

  /** Sees to a trouble, once at a time. False when nothing can help. */
  meet(trouble: Trouble, mode: Mode): boolean {
    if (trouble === 'network' || trouble === 'playlist') this.loadingFailed = true;
    if (this.isMending) return true;
    const remedy = this.recovery.next(trouble, Math.random());
    if (remedy.action === 'giveUp') {
      this.failure = 'unsupported';
      return false;
    }

    if (remedy.showError) this.failure = 'media';
    // The page of a recording that is gone says so, and still tries.
    if (mode === 'replay' && trouble === 'playlist' && ++this.replayTroubles >= replayTroublesUntilError) this.failure = 'replay';
    const { action } = remedy;
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.mend(action);
    }, remedy.afterMs);
    return true;
  }

  /** What was about to be done is not. */
  cancel(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** A picture moved. */
  moved(): void {
    this.loadingFailed = false;
    if (this.failure === 'replay') this.failure = null;
  }

  /** Whatever was wrong is over, or is another stream's. */
  forget(): void {
    this.failure = null;
    this.replayTroubles = 0;
    this.recovery.forget();
  }
}
