import { type EventReport, type EventStatus, eventPollDelay, eventReportForStatusCode, parseEvent } from './eventStatus';

const timeoutMs = 6000;

/** Polls an event's status and reports it to `onReport`. */
export class EventPoller {
  report: EventReport = { kind: 'nothing' };
  /** The last known event; kept while the server is unreachable. */
  lastEvent: EventStatus | null = null;
  private timer: number | undefined;
  private isPolling = false;
  private readonly url: string;
  private readonly now: () => number;
  private readonly onReport: () => void;

  constructor(url: string, now: () => number, onReport: () => void) {
    this.url = url;
    this.now = now;
    this.onReport = onReport;
  }

  /** Polls now, and then periodically. */
  poll(): void {
    if (this.isPolling) return;
    window.clearTimeout(this.timer);
    void this.pollOnce();
  }

  private async pollOnce(): Promise<void> {
    this.isPolling = true;
    this.report = await this.fetchReport();
    this.isPolling = false;
    if (this.report.kind === 'answer') this.lastEvent = this.report.event;
    this.onReport();
    this.timer = window.setTimeout(() => this.poll(), eventPollDelay(this.report, this.lastEvent, this.now(), Math.random()));
  }

  private async fetchReport(): Promise<EventReport> {
    const failures = this.report.kind === 'unreachable' ? this.report.failures : 0;
    const abort = new AbortController();
    const timeout = window.setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(this.url, { cache: 'no-cache', signal: abort.signal });
      const outcome = eventReportForStatusCode(response.status, failures, response.headers.get('X-Denial-Reason'));
      if (outcome !== 'read the body') return outcome;
      const event = parseEvent(await response.json());
      if (event !== null) return { kind: 'answer', event };
    } catch {
      // Network failure, timeout or invalid JSON.
    } finally {
      window.clearTimeout(timeout);
    }
    return { kind: 'unreachable', failures: failures + 1 };
  }
}
