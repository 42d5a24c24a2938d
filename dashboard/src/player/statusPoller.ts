import { Doubt, type Report, parseBroadcast, pollDelay, reportForStatusCode } from './broadcast';

const timeoutMs = 6000;

/** Asks the server what the channel is doing, again and again, and tells `onReport`. One question at a time. */
export class StatusPoller {
  report: Report = { kind: 'nothing' };
  private timer: number | undefined;
  private asking = false;
  private readonly doubt = new Doubt();
  private readonly url: string;
  private readonly pictureRuns: () => boolean;
  private readonly onReport: (report: Report) => void;

  constructor(url: string, pictureRuns: () => boolean, onReport: (report: Report) => void) {
    this.url = url;
    this.pictureRuns = pictureRuns;
    this.onReport = onReport;
  }

  /** Asks now, and then goes on by itself. */
  ask(): void {
    if (this.asking) return;
    window.clearTimeout(this.timer);
    void this.askOnce();
  }

  /** Asks within `ms`: brings the next question forward, never puts it off. */
  private scheduleNext(): void {
    this.timer = window.setTimeout(() => this.ask(), pollDelay(this.report, this.pictureRuns(), Math.random()));
  }

  private async askOnce(): Promise<void> {
    this.asking = true;
    this.report = this.doubt.weigh(await this.fetchReport());
    this.asking = false;
    this.onReport(this.report);
    this.scheduleNext();
  }

  private async fetchReport(): Promise<Report> {
    const failures = this.report.kind === 'unreachable' ? this.report.failures : 0;
    const abort = new AbortController();
    const timeout = window.setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(this.url, { cache: 'no-cache', signal: abort.signal });
      const meaning = reportForStatusCode(response.status, failures, response.headers.get('X-Refusal'));
      if (meaning !== 'read the body') return meaning;
      const broadcast = parseBroadcast(await response.json());
      if (broadcast !== null) return { kind: 'answer', broadcast };
    } catch {
      // Offline, refused, aborted or not JSON: all the same to a viewer.
    } finally {
      window.clearTimeout(timeout);
    }
    return { kind: 'unreachable', failures: failures + 1 };
  }
}
