import { UnknownChannelFilter, type Report, parseChannelStatus, pollDelay, reportForStatusCode } from './channelStatus';

const timeoutMs = 6000;

/** Polls the channel's status and reports it to `onReport`. One request at a time. */
export class StatusPoller {
  report: Report = { kind: 'nothing' };
  private timer: number | undefined;
  private isPolling = false;
  private readonly unknownFilter = new UnknownChannelFilter();
  private readonly url: string;
  private readonly isPlaying: () => boolean;
  private readonly onReport: (report: Report) => void;

  constructor(url: string, isPlaying: () => boolean, onReport: (report: Report) => void) {
    this.url = url;
    this.isPlaying = isPlaying;
    this.onReport = onReport;
  }

  /** Polls now, and then periodically. */
  poll(): void {
    if (this.isPolling) return;
    window.clearTimeout(this.timer);
    void this.pollOnce();
  }

  /** Schedules the next poll. */
  private scheduleNext(): void {
    this.timer = window.setTimeout(() => this.poll(), pollDelay(this.report, this.isPlaying(), Math.random()));
  }

  private async pollOnce(): Promise<void> {
    this.isPolling = true;
    this.report = this.unknownFilter.apply(await this.fetchReport());
    this.isPolling = false;
    this.onReport(this.report);
    this.scheduleNext();
  }

  private async fetchReport(): Promise<Report> {
    const failures = this.report.kind === 'unreachable' ? this.report.failures : 0;
    const abort = new AbortController();
    const timeout = window.setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(this.url, { cache: 'no-cache', signal: abort.signal });
      const outcome = reportForStatusCode(response.status, failures, response.headers.get('X-Denial-Reason'));
      if (outcome !== 'read the body') return outcome;
      const channelStatus = parseChannelStatus(await response.json());
      if (channelStatus !== null) return { kind: 'answer', channelStatus };
    } catch {
      // Network failure, timeout or invalid JSON.
    } finally {
      window.clearTimeout(timeout);
    }
    return { kind: 'unreachable', failures: failures + 1 };
  }
}
