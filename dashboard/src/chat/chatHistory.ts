import { parseBatch } from './chatFeed';
import type { ChatMessage } from './chatFeed';
import { ChatTimeline, type TimelineChanges, minuteOf, noChanges } from './chatTimeline';

/** Where the messages of a session or recording are read by minute. */
export interface HistorySource {
  /** URL of the folder of the minutes, ending in `/`. */
  minutes: string;
  /** First minute; undefined if `span` says it. */
  first?: number;
  /** URL of the first and the last minute of a recording. */
  span?: string;
}

export type HistoryState = 'loading' | 'none' | 'messages' | 'error';

/** Loads JSON; null for 404. */
type Load = (url: string, signal: AbortSignal) => Promise<unknown>;

/** A minute that does not exist yet is requested again after this time, as the span of a recording. */
const missingMs = 5000;
const spanRefreshMs = 60_000;
const pauseMs = 2000;
const maxPauseMs = 30_000;

/** Reads the messages around the position of a player. `ChatTimeline` contains the decisions. */
export class ChatHistory {
  private readonly timeline = new ChatTimeline();
  private readonly source: HistorySource;
  private readonly load: Load;
  private readonly loading = new Map<number, AbortController>();
  private readonly stopped = new AbortController();
  /** First and last minute of a recording: null if it has no chat, undefined if that is not known. */
  private span: { first: number; last: number } | null | undefined;
  private spanReadAt: number | null = null;
  private isReadingSpan = false;
  /** Requests whose last attempt failed. */
  private readonly failed = new Set<number | 'span'>();
  private failures = 0;
  private retryAt = Number.NEGATIVE_INFINITY;

  constructor(source: HistorySource, load: Load = loadOptional) {
    this.source = source;
    this.load = load;
    if (source.span === undefined) this.timeline.setRange(source.first ?? Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Whether there is something to show. Of a recording, that is known after its span was read. */
  get isAvailable(): boolean {
    return this.source.span === undefined || (this.span !== null && this.span !== undefined);
  }

  get state(): HistoryState {
    if (this.timeline.isLoading && this.failed.size > 0) return 'error';
    if (!this.timeline.isEmpty) return 'messages';
    return this.timeline.isLoading ? 'loading' : 'none';
  }

  /** Call often. Returns what changes on display. */
  tick(position: number | null, now: number): TimelineChanges {
    if (this.stopped.signal.aborted) return noChanges;
    const changes = position === null ? noChanges : this.timeline.update(position);
    for (const [minute, request] of this.loading) {
      if (this.timeline.needs(minute)) continue;
      request.abort();
      this.loading.delete(minute);
    }
    for (const minute of this.failed) if (minute !== 'span' && !this.timeline.needs(minute)) this.failed.delete(minute);
    if (now < this.retryAt) return changes;
    if (this.mustReadSpan(position, now)) void this.readSpan(now);
    if (this.isAvailable) {
      for (const minute of this.timeline.wanted(now)) if (!this.loading.has(minute)) void this.readMinute(minute, now);
    }
    return changes;
  }

  /** Adds messages that arrive live. */
  add(messages: readonly ChatMessage[], now: number): void {
    this.timeline.add(messages, now);
  }

  remove(ids: ReadonlySet<string>): void {
    this.timeline.remove(ids);
  }

  /** Loads now what failed. */
  retry(): void {
    this.retryAt = Number.NEGATIVE_INFINITY;
  }

  stop(): void {
    this.stopped.abort();
    for (const request of this.loading.values()) request.abort();
    this.loading.clear();
  }

  private mustReadSpan(position: number | null, now: number): boolean {
    if (this.source.span === undefined || this.isReadingSpan) return false;
    if (this.span === undefined || this.spanReadAt === null) return true;
    // A recording in progress grows, and its chat can begin later.
    const isBeyond = this.span === null || (position !== null && minuteOf(position) > this.span.last);
    return isBeyond && now - this.spanReadAt >= spanRefreshMs;
  }

  private async readSpan(now: number): Promise<void> {
    this.isReadingSpan = true;
    try {
      const span = parseSpan(await this.load(this.source.span ?? '', this.stopped.signal));
      this.span = span;
      this.spanReadAt = now;
      this.onSuccess('span');
      if (span !== null) this.timeline.setRange(span.first, span.last);
    } catch {
      this.onFailure('span', now);
    } finally {
      this.isReadingSpan = false;
    }
  }

  private async readMinute(minute: number, now: number): Promise<void> {
    const request = new AbortController();
    this.loading.set(minute, request);
    try {
      const body = await this.load(`${this.source.minutes}${minute}.json`, request.signal);
      if (request.signal.aborted) return;
      this.timeline.store(minute, parseBatch(body).messages, now, body === null ? missingMs : undefined);
      this.onSuccess(minute);
    } catch {
      if (!request.signal.aborted) this.onFailure(minute, now);
    } finally {
      if (this.loading.get(minute) === request) this.loading.delete(minute);
    }
  }

  private onSuccess(request: number | 'span'): void {
    this.failed.delete(request);
    if (this.failed.size === 0) this.failures = 0;
  }

  private onFailure(request: number | 'span', now: number): void {
    if (this.stopped.signal.aborted) return;
    this.failed.add(request);
    this.failures++;
    this.retryAt = now + Math.min(maxPauseMs, pauseMs * 2 ** (this.failures - 1)) * (0.75 + 0.5 * Math.random());
  }
}

/** Null if there is no chat, or the body is invalid. */
export function parseSpan(body: unknown): { first: number; last: number } | null {
  if (typeof body !== 'object' || body === null) return null;
  const { first, last } = body as Record<string, unknown>;
  return Number.isSafeInteger(first) && Number.isSafeInteger(last) && (first as number) <= (last as number)
    ? { first: first as number, last: last as number }
    : null;
}

async function loadOptional(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
