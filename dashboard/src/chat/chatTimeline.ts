import type { ChatMessage } from './chatFeed';

const minuteMs = 60_000;
/** Minutes before that of the position whose messages are shown, too. */
export const contextMinutes = 2;
/** The next minute is loaded when the position is this close to it. */
export const prefetchMs = 30_000;
/** Minutes on display are loaded again after this time, without the messages that were removed meanwhile. */
export const refreshMs = 60_000;
/** Minutes in memory while playback continues. */
const maxKept = 10;
/** Ids of removed messages in memory. */
const maxRemoved = 1000;

/** Changes of the displayed messages. `reset` clears the display first. */
export interface TimelineChanges {
  reset: boolean;
  added: readonly ChatMessage[];
  removed: readonly string[];
}

export const noChanges: TimelineChanges = { reset: false, added: [], removed: [] };

interface LoadedMinute {
  messages: ChatMessage[];
  expiresAt: number;
}

export function minuteOf(time: number): number {
  return Math.floor(time / minuteMs);
}

/**
 * Messages by media time, for a position that moves: with playback at any rate, and by seeking. It decides which minutes are needed and
 * which messages are displayed. Times are in ms; `now` is of any steady clock.
 */
export class ChatTimeline {
  private readonly minutes = new Map<number, LoadedMinute>();
  private readonly removedIds = new Set<string>();
  /** Messages that arrived live. A response from a cache can be older than they are. */
  private recent: { message: ChatMessage; until: number }[] = [];
  private range = { first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY };
  private position: number | null = null;
  /** First minute on display. */
  private start = 0;
  private sorted: ChatMessage[] | null = null;
  private shown: ChatMessage[] = [];

  /** Limits the minutes that have messages. */
  setRange(first: number, last: number): void {
    this.range = { first, last };
  }

  /** Moves to a position, and returns what changes on display. */
  update(position: number): TimelineChanges {
    const isSeek = this.moveTo(position);
    const isSame = this.sorted !== null;
    const sorted = (this.sorted ??= this.sort());
    const count = countUntil(sorted, position);
    if (isSame && !isSeek && count === this.shown.length) return noChanges;

    const target = sorted.slice(0, count);
    const ids = new Set(target.map(({ id }) => id));
    // Messages of minutes that are no longer in memory stay on display.
    const before = this.shown.filter(({ time }) => minuteOf(time) >= this.start);
    const remaining = before.filter(({ id }) => ids.has(id));
    const continues = remaining.every(({ id }, index) => target[index]?.id === id);
    this.shown = target;
    return isSeek || !continues
      ? { reset: true, added: target, removed: [] }
      : {
          reset: false,
          added: target.slice(remaining.length),
          removed: before.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
        };
  }

  /** Minutes to load now, the most urgent first. */
  wanted(now: number): number[] {
    if (this.position === null) return [];
    const minute = minuteOf(this.position);
    const isNextDue = (minute + 1) * minuteMs - this.position <= prefetchMs;
    const before = Array.from({ length: contextMinutes }, (_, index) => minute - 1 - index);
    return [minute, ...(isNextDue ? [minute + 1] : []), ...before].filter(
      (wanted) => this.isInRange(wanted) && (this.minutes.get(wanted)?.expiresAt ?? now) <= now,
    );
  }

  /** Whether a minute is still needed. */
  needs(minute: number): boolean {
    return this.position !== null && minute >= this.start && minute <= minuteOf(this.position) + 1;
  }

  /** Whether the messages at the position are not known yet. */
  get isLoading(): boolean {
    if (this.position === null) return true;
    const minute = minuteOf(this.position);
    return this.isInRange(minute) && !this.minutes.has(minute);
  }

  get isEmpty(): boolean {
    return this.shown.length === 0;
  }

  /** Stores the messages of a minute that was loaded. */
  store(minute: number, messages: readonly ChatMessage[], now: number, lifetime = refreshMs): void {
    if (!this.needs(minute)) return;
    const loaded = messages.filter(({ id }) => !this.removedIds.has(id));
    const ids = new Set(loaded.map(({ id }) => id));
    const live = this.recent.filter(({ message, until }) => until > now && minuteOf(message.time) === minute && !ids.has(message.id));
    this.minutes.set(minute, { messages: [...loaded, ...live.map(({ message }) => message)], expiresAt: now + lifetime });
    this.sorted = null;
  }

  /** Adds messages that arrive live. */
  add(messages: readonly ChatMessage[], now: number): void {
    this.recent = this.recent.filter(({ until }) => until > now);
    for (const message of messages) {
      if (!this.recent.some((known) => known.message.id === message.id)) this.recent.push({ message, until: now + refreshMs });
      this.removedIds.delete(message.id);
      const minute = this.minutes.get(minuteOf(message.time));
      if (minute === undefined || minute.messages.some(({ id }) => id === message.id)) continue;
      minute.messages.push(message);
      this.sorted = null;
    }
  }

  remove(ids: ReadonlySet<string>): void {
    for (const id of ids) this.removedIds.add(id);
    for (const id of this.removedIds) {
      if (this.removedIds.size <= maxRemoved) break;
      this.removedIds.delete(id);
    }
    for (const minute of this.minutes.values()) {
      minute.messages = minute.messages.filter(({ id }) => !ids.has(id));
    }
    this.recent = this.recent.filter(({ message }) => !ids.has(message.id));
    this.sorted = null;
  }

  /** Returns whether the position was changed by seeking far. */
  private moveTo(position: number): boolean {
    const minute = minuteOf(position);
    const previous = this.position === null ? null : minuteOf(this.position);
    const isSeek = previous === null || minute < this.start || minute > previous + 1;
    const start = isSeek
      ? minute - contextMinutes
      : Math.max(Math.min(this.start, minute - contextMinutes), minute - maxKept);
    this.position = position;
    if (previous === minute && start === this.start) return false;
    this.start = start;
    for (const kept of this.minutes.keys()) {
      if (this.needs(kept)) continue;
      this.minutes.delete(kept);
      this.sorted = null;
    }
    return isSeek;
  }

  private isInRange(minute: number): boolean {
    return minute >= this.range.first && minute <= this.range.last;
  }

  private sort(): ChatMessage[] {
    // A stable sort: messages of the same time keep the order of the server.
    return [...this.minutes.values()].flatMap(({ messages }) => messages).sort((a, b) => a.time - b.time);
  }
}

/** Number of messages up to a time. */
function countUntil(sorted: readonly ChatMessage[], time: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.time ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
