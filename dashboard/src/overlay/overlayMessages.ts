import type { ChatMessage } from '../chat/chatFeed';

/** Messages to add at the end, and ids of messages to remove. */
export interface OverlayChanges {
  added: ChatMessage[];
  removed: string[];
}

/** Chooses the messages of the overlay: the newest ones, each for a limited time. Times are in ms since 1970. */
export class OverlayMessages {
  private readonly max: number;
  private readonly lifetime: number;
  /** End of the time of each message, in the order of their arrival. */
  private readonly shown = new Map<string, number>();

  /**
   * @param max maximum number of messages
   * @param fade time of a message in s; 0 for no limit
   */
  constructor(max: number, fade: number) {
    this.max = max;
    this.lifetime = fade === 0 ? Number.POSITIVE_INFINITY : 1000 * fade;
  }

  /**
   * Adds messages. Those in excess of the maximum, and those that are removed, disappear.
   * @param isStart whether they are older than the overlay: part of their time is over
   */
  update(messages: readonly ChatMessage[], removed: readonly string[], isStart: boolean, now: number): OverlayChanges {
    const gone = removed.filter((id) => this.shown.delete(id));
    const added = messages.filter(({ id }) => !this.shown.has(id)).slice(-this.max).filter((message) => {
      const until = (isStart ? Math.min(now, message.time) : now) + this.lifetime;
      if (until <= now) return false;
      this.shown.set(message.id, until);
      return true;
    });
    for (const id of [...this.shown.keys()].slice(0, Math.max(0, this.shown.size - this.max))) {
      this.shown.delete(id);
      gone.push(id);
    }
    return { added, removed: gone };
  }

  /** Forgets all messages, which belong to an earlier session. */
  clear(): void {
    this.shown.clear();
  }

  /** Takes the ids of the messages whose time is over. */
  expire(now: number): string[] {
    const over = [...this.shown].flatMap(([id, until]) => (until <= now ? [id] : []));
    for (const id of over) this.shown.delete(id);
    return over;
  }
}
