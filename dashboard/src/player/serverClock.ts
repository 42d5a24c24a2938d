import { type ClockSample, clockOffset } from './latency';

const refreshMs = 5 * 60_000;

/**
 * The server's time, for machines with wrong clocks. Advances with the browser's monotonic clock, so that corrections of the local clock
 * have no effect.
 */
export class ServerClock {
  private offset: number = Date.now() - performance.now();
  private syncing = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Milliseconds since 1970, by the server's clock. */
  now(): number {
    return performance.now() + this.offset;
  }

  /** Synchronizes if the last result is old. */
  refresh(): void {
    if (performance.now() - this.askedAt > refreshMs) void this.synchronize();
  }

  /** Takes three samples and keeps the best. Keeps the previous offset if the server does not respond. */
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
