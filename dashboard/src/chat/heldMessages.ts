import type { ChatMessage } from './chatFeed';

/** Longest time that a message waits for the player. A viewer who is further behind reads ahead. */
export const maxHoldMs = 30_000;

/**
 * Messages that wait until the player is where their senders were: viewers with a higher latency then do not read what they have not
 * seen yet.
 */
export class HeldMessages {
  private waiting: { message: ChatMessage; since: number }[] = [];

  /** @param now milliseconds of any steady clock */
  add(messages: readonly ChatMessage[], now: number): void {
    this.waiting.push(...messages.map((message) => ({ message, since: now })));
  }

  remove(ids: ReadonlySet<string>): void {
    this.waiting = this.waiting.filter(({ message }) => !ids.has(message.id));
  }

  clear(): void {
    this.waiting = [];
  }

  /**
   * Takes the messages that can be shown, in their order.
   * @param position capture time of the displayed frame in ms since 1970; null if unknown, which shows all
   */
  take(position: number | null, now: number): ChatMessage[] {
    const due = this.waiting.findIndex(({ message, since }) => {
      const ahead = position === null ? 0 : message.time - position;
      return ahead > 0 && ahead <= maxHoldMs && now - since < maxHoldMs;
    });
    const taken = this.waiting.splice(0, due === -1 ? this.waiting.length : due);
    return taken.map(({ message }) => message);
  }
}
