import type { BeaconPlan } from './channelStatus';

/** Shorter stalls count as watching. */
const idleAfterMs = 10_000;
/** If all pages report, the first beacon is sent this soon, so that small counts are accurate. */
const firstBeaconMs = 3000;

export type SendBeacon = (body: string) => void;

/**
 * Reports playback to the server, which counts viewers. A random id, created on page load and never stored, is sent periodically, and once
 * when playback ends.
 * With many viewers, only a share of the pages reports. The id decides whether this page is included; a smaller share is a subset of a
 * larger one.
 */
export class Beacon {
  private readonly id: string;
  /** Rank of this page among all pages, 0 to 1. */
  private readonly sampleRank: number;
  private readonly send: SendBeacon;
  private readonly random: () => number;
  private plan: BeaconPlan | undefined;
  private nextAt: number | null = null;
  private lastPlayed = Number.NEGATIVE_INFINITY;
  private isReported = false;

  constructor(send: SendBeacon, numbers = crypto.getRandomValues(new Uint32Array(2)), random: () => number = Math.random) {
    const [high = 0, low = 0] = numbers;
    this.id = hex(high) + hex(low);
    this.sampleRank = high / 2 ** 32;
    this.send = send;
    this.random = random;
  }

  /**
   * Call periodically, with times in ms of one clock. `isPlaying`: the viewer sees or hears playback advance. `newPlan` is the server's
   * plan: undefined for none, null while the server does not respond; then the last plan stays valid.
   */
  observe(isPlaying: boolean, newPlan: BeaconPlan | null | undefined, now: number): void {
    if (newPlan !== null) this.plan = newPlan;
    const { plan } = this;
    if (isPlaying) this.lastPlayed = now;
    if (plan === undefined || now - this.lastPlayed > idleAfterMs) this.stop();
    if (!isPlaying || plan === undefined) return;

    if (this.sampleRank >= plan.share) {
      // The server expects no report of pages outside the share.
      this.nextAt = null;
      this.isReported = false;
      return;
    }
    const everyMs = plan.every * 1000;
    // Spread the first beacons of pages that start together.
    this.nextAt ??= now + this.random() * (plan.share < 1 ? everyMs : Math.min(firstBeaconMs, everyMs));
    if (now < this.nextAt) return;
    this.send(`play ${this.id}`);
    this.isReported = true;
    // After sleep, send one beacon and do not catch up.
    this.nextAt = Math.max(this.nextAt + everyMs, now + everyMs / 2);
  }

  /** Reports the end of playback: the page closes, or playback stopped. */
  stop(): void {
    this.nextAt = null;
    if (!this.isReported) return;
    this.isReported = false;
    this.send(`left ${this.id}`);
  }
}

/** Whether the viewer sees or hears the video. A hidden tab with audio counts. */
export function isWatched(hidden: boolean, video: Pick<HTMLVideoElement, 'muted' | 'volume'>, isInPictureInPicture: boolean): boolean {
  return !hidden || isInPictureInPicture || (!video.muted && video.volume > 0);
}

/** Sends without cookies, and also while the page closes. Failures are ignored. */
export function beaconTo(url: string): SendBeacon {
  return (body) => {
    if ('keepalive' in Request.prototype) {
      void fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit', cache: 'no-store' }).catch(() => undefined);
    } else {
      navigator.sendBeacon(url, body);
    }
  };
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}
