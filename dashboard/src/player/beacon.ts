import type { BeaconPlan } from './broadcast';

/** A picture that stands still for less is still being watched. */
const goneAfterMs = 10_000;
/** Where all pages tell of themselves, the first word comes this soon, so that a small count is right at once. */
const soonMs = 3000;

export type SendBeacon = (body: string) => void;

/**
 * Tells the server that this page plays, so that viewers can be counted: an id that is made up when the page is loaded and kept nowhere, every half minute, and once when it plays no more. With a large audience the server
 * asks for a share of the pages only; the id decides whether this one is among them, so that a smaller share is a part of a larger one.
 */
export class Beacon {
  private readonly id: string;
  /** Where in all pages this one stands, 0 to 1. */
  private readonly place: number;
  private readonly send: SendBeacon;
  private readonly random: () => number;
  private plan: BeaconPlan | undefined;
  private due: number | null = null;
  private lastPlayed = Number.NEGATIVE_INFINITY;
  private told = false;

  constructor(send: SendBeacon, numbers = crypto.getRandomValues(new Uint32Array(2)), random: () => number = Math.random) {
    const [high = 0, low = 0] = numbers;
    this.id = hex(high) + hex(low);
    this.place = high / 2 ** 32;
    this.send = send;
    this.random = random;
  }

  /**
   * To be called again and again. Times in ms of any one clock; `plays` when somebody sees or hears the picture move on. `heard` is what the server asks for: undefined for nothing, null while it does not answer, and what it
   * asked for before stands.
   */
  observe(plays: boolean, heard: BeaconPlan | null | undefined, now: number): void {
    if (heard !== null) this.plan = heard;
    const { plan } = this;
    if (plays) this.lastPlayed = now;
    if (plan === undefined || now - this.lastPlayed > goneAfterMs) this.leave();
    if (!plays || plan === undefined) return;

    if (this.place >= plan.share) {
      // The server knows that it does not hear of this one any more.
      this.due = null;
      this.told = false;
      return;
    }
    const everyMs = plan.every * 1000;
    // Many begin at the same moment: their turns are spread.
    this.due ??= now + this.random() * (plan.share < 1 ? everyMs : Math.min(soonMs, everyMs));
    if (now < this.due) return;
    this.send(`play ${this.id}`);
    this.told = true;
    // After sleep it is late, and not owed.
    this.due = Math.max(this.due + everyMs, now + everyMs / 2);
  }

  /** It plays no more: the page is closed, or playback was stopped. */
  leave(): void {
    this.due = null;
    if (!this.told) return;
    this.told = false;
    this.send(`left ${this.id}`);
  }
}

/** Whether somebody sees or hears it: a tab in the background with sound is one that is listened to. */
export function isNoticed(hidden: boolean, video: Pick<HTMLVideoElement, 'muted' | 'volume'>, inPicture: boolean): boolean {
  return !hidden || inPicture || (!video.muted && video.volume > 0);
}

/** Sends without cookies, and so that it goes out though the page is closed. Whether it arrives is nothing to wait for. */
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
