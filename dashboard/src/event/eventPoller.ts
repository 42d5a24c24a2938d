import { type EventReport, type EventStatus, eventPollDelay, eventReportForStatusCode, parseEvent } from './eventStatus';

const timeoutMs = 6000;

/** Asks the server what an event does, again and again, and tells `onReport`. */
export class EventPoller {
  report: EventReport = { kind: 'nothing' };
  /** The event as it was heard of last; stays while the server is away. */
  known: EventStatus | null = null;
  private timer: number | undefined;
  private asking = false;
  private readonly url: string;
  private readonly now: () => number;
  private readonly onReport: () => void;

  constructor(url: string, now: () => number, onReport: () => void) {
    this.url = url;
    this.now = now;
    this.onReport = onReport;
  }

  /** Asks now, and then goes on by itself. */
  ask(): void {
    if (this.asking) return;
    window.clearTimeout(this.timer);
    void this.askOnce();
  }

  private async askOnce(): Promise<void> {
    this.asking = true;
    this.report = await this.fetchReport();
    this.asking = false;
    if (this.report.kind === 'answer') this.known = this.report.event;
    this.onReport();
    this.timer = window.setTimeout(() => this.ask(), eventPollDelay(this.report, this.known, this.now(), Math.random()));
  }

  private async fetchReport(): Promise<EventReport> {
    const failures = this.report.kind === 'unreachable' ? this.report.failures : 0;
    const abort = new AbortController();
    const timeout = window.setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(this.url, { cache: 'no-cache', signal: abort.signal });
      const meaning = eventReportForStatusCode(response.status, failures, response.headers.get('X-Refusal'));
      if (meaning !== 'read the body') return meaning;
      const event = parseEvent(await response.json());
      if (event !== null) return { kind: 'answer', event };
    } catch {
      // Offline, refused, aborted or not JSON: all the same to a viewer.
    } finally {
      window.clearTimeout(timeout);
    }
    return { kind: 'unreachable', failures: failures + 1 };
  }
}
