/** Category of a playback error. */
export type PlaybackError =
  /** The multivariant playlist failed to load; nothing can be resumed. */
  | 'playlist'
  /** A media playlist or segment failed to load. */
  | 'network'
  /** Media could not be decoded or buffered. */
  | 'media'
  /** Playback does not advance, although media loads. */
  | 'stuck'
  /** The browser has no decoder for the codec. */
  | 'unsupported';

export type RecoveryPlan =
  | { action: 'resume' | 'recoverMedia' | 'rebuild'; afterMs: number; showError: boolean }
  | { action: 'giveUp' };

const maxDelayMs = 10_000;
const errorsUntilShown = 5;

/**
 * Selects the mildest action that has not failed yet, with growing delays. Only a missing decoder is final: a page that is left open
 * overnight recovers. Stable playback resets it.
 */
export class Recovery {
  private attempts = 0;
  private mediaErrors = 0;

  /** @param random 0 to 1: spreads the viewers after a server failure */
  next(error: PlaybackError, random: number): RecoveryPlan {
    if (error === 'unsupported') return { action: 'giveUp' };

    const attempt = this.attempts++;
    const afterMs = Math.round(Math.min(maxDelayMs, 500 * 2 ** attempt) * (0.75 + 0.5 * random));
    if (error === 'media') this.mediaErrors++;
    const showError = this.mediaErrors >= errorsUntilShown;

    switch (error) {
      case 'network':
        return { action: attempt % 4 === 3 ? 'rebuild' : 'resume', afterMs, showError };
      case 'media':
        return this.mediaErrors === 1
          ? { action: 'recoverMedia', afterMs: 0, showError }
          : { action: 'rebuild', afterMs, showError };
      case 'playlist':
      case 'stuck':
        return { action: 'rebuild', afterMs, showError };
    }
  }

  /** Playback was stable for a while. */
  reset(): void {
    this.attempts = 0;
    this.mediaErrors = 0;
  }
}
