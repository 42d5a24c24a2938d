import { Recovery, type RecoveryPlan, type PlaybackError } from './recovery';
import type { Mode } from './speed';
import type { Failure } from './state';

/** Failures in a row before a recording counts as failed. */
const replayErrorsUntilShown = 5;

/** A recovery action. */
export type RecoveryAction = Exclude<RecoveryPlan, { action: 'giveUp' }>['action'];

/** The current playback error and its recovery. */
export class PlaybackErrors {
  /** The error shown to viewers; null for none. */
  failure: Failure | null = null;
  /** Whether loading failed and nothing has played since. */
  loadingFailed = false;
  private readonly recover: (action: RecoveryAction) => void;
  private readonly recovery = new Recovery();
  private replayErrors = 0;
  private timer: number | undefined;

  /** @param recover called when the action is due */
  constructor(recover: (action: RecoveryAction) => void) {
    this.recover = recover;
  }

  /** Whether an action is pending. */
  get isRecovering(): boolean {
    return this.timer !== undefined;
  }

  /** Schedules the recovery from an error, one at a time. False if recovery is impossible. */
  handle(error: PlaybackError, mode: Mode): boolean {
    if (error === 'network' || error === 'playlist') this.loadingFailed = true;
    if (this.isRecovering) return true;
    const plan = this.recovery.next(error, Math.random());
    if (plan.action === 'giveUp') {
      this.failure = 'unsupported';
      return false;
    }

    if (plan.showError) this.failure = 'media';
    // A missing recording shows an error, and retries continue.
    if (mode === 'replay' && error === 'playlist' && ++this.replayErrors >= replayErrorsUntilShown) this.failure = 'replay';
    const { action } = plan;
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.recover(action);
    }, plan.afterMs);
    return true;
  }

  /** Cancels the pending action. */
  cancel(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Playback advanced. */
  onProgress(): void {
    this.loadingFailed = false;
    if (this.failure === 'replay') this.failure = null;
  }

  /** Playback is stable, or another stream is attached. */
  reset(): void {
    this.failure = null;
    this.replayErrors = 0;
    this.recovery.reset();
  }
}
