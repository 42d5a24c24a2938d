import { type ClockSample, clockOffset } from './latency';

const everyMs = 5 * 60_000;

/**
 * The server's time on a viewer's machine, whose own clock may be wrong by minutes. Counts on from the last answer with the
 * browser's monotonic clock, so a correction of the machine's clock in the middle does not show.
 */
export class ServerClock {
  private offset: number = Date.now() - performance.now();
  private syncing = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Milliseconds since 1970, as the server counts them. */
  now(): number {
    return performance.now() + this.offset;
  }

  /** Asks where the last answer is old. */
  refresh(): void {
    if (performance.now() - this.askedAt > everyMs) void this.synchronize();
  }

  /** Asks three times and keeps the best answer; keeps what it had when the server does not answer. */
  async synchronize(): Promise<void> {
    if (this.syncing) return;
    this.syncing = true;
    this.askedAt = performance.now();
    try {
      const samples: ClockSample[] = [];
      for (let attempt = 0; attempt < 3; attempt++) samples.push(await this.sample());
      this.offset = clockOffset(samples) ?? this.offset;
    } catch {
      // The next synchronization tries again.
    } finally {
      this.syncing = false;
    }
  }

  private async sample(): Promise<ClockSample> {
    const sentAt = performance.now();
    const response = await fetch(this.url, { cache: 'no-store' });
    const receivedAt = performance.now();
    if (!response.ok) throw new Error(`clock: ${response.status}`);
    const body = (await response.text()).trim().replace(/^"|"$/g, '');
    return { sentAt, receivedAt, serverMs: Date.parse(body) };
  }
}
