/** What went wrong in playback, as far as it matters for what to do. */
export type Trouble =
  /** The multivariant playlist did not load: nothing is there to resume. */
  | 'playlist'
  /** A media playlist or media did not load. */
  | 'network'
  /** What loaded could not be decoded or buffered. */
  | 'media'
  /** Everything loads, the server goes on, and yet time stands still. */
  | 'stuck'
  /** The browser has no decoder for it. */
  | 'unsupported';

export type Remedy =
  | { action: 'resume' | 'recoverMedia' | 'rebuild'; afterMs: number; showError: boolean }
  | { action: 'giveUp' };

const longestWaitMs = 10_000;
const troublesUntilError = 5;

/**
 * Chooses the mildest remedy that has not failed yet, and waits longer each time. Only missing decoders end the trying; a viewer
 * who left the page open overnight finds it playing. Forgets everything once playback goes well for a while.
 */
export class Recovery {
  private attempts = 0;
  private mediaTroubles = 0;

  /** @param random 0 to 1: spreads the viewers of one failed server. */
  next(trouble: Trouble, random: number): Remedy {
    if (trouble === 'unsupported') return { action: 'giveUp' };

    const attempt = this.attempts++;
    const afterMs = Math.round(Math.min(longestWaitMs, 500 * 2 ** attempt) * (0.75 + 0.5 * random));
    if (trouble === 'media') this.mediaTroubles++;
    const showError = this.mediaTroubles >= troublesUntilError;

    switch (trouble) {
      case 'network':
        return { action: attempt % 4 === 3 ? 'rebuild' : 'resume', afterMs, showError };
      case 'media':
        return this.mediaTroubles === 1
          ? { action: 'recoverMedia', afterMs: 0, showError }
          : { action: 'rebuild', afterMs, showError };
      case 'playlist':
      case 'stuck':
        return { action: 'rebuild', afterMs, showError };
    }
  }

  /** Playback has been fine for a while. */
  forget(): void {
    this.attempts = 0;
    this.mediaTroubles = 0;
  }
}
