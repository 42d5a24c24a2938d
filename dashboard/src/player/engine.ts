import type { Trouble } from './recovery';
import type { Timeline } from './timeline';
import type { Track } from './tracks';

/**
 * Where an attachment begins: seconds of the video, or what finds the place once the playlist is there. Null, and what finds nothing, is
 * the stream's own place: live, or the begin of what is over.
 */
export type Begin = number | ((timeline: Timeline) => number | null) | null;

/** Times of the ordinary that an engine hastens by to stay with live: catches up the tenths that a stall costs, too little to be heard. No viewer chooses as little. */
export const catchUp = 1.05;

/** One entry of the quality menu. */
export interface Quality {
  id: number;
  width: number;
  height: number;
  frameRate: number;
  /** Bits per second. */
  bitrate: number;
}

/** What an engine tells the player. */
export interface EngineEvents {
  onTrouble(trouble: Trouble): void;
  onQualities(): void;
  /** The playlist was closed: nothing will follow what is loaded. */
  onClosed(): void;
}

/** Plays one stream in one video element. Made for one attachment and thrown away after. */
export interface Engine {
  readonly qualities: readonly Quality[];
  /** The chosen quality, -1 for automatic. */
  readonly chosenQuality: number;
  /** The quality on screen, -1 when not known. */
  readonly currentQuality: number;
  /** Bits per second that media come with, null until some were measured. Left out where that cannot be told. */
  readonly bandwidth?: number | null;
  /** When the picture on screen was taken, by the server's clock. */
  readonly pictureDate: Date | null;
  /** Seconds from here forward to where live playback would sit. */
  readonly secondsToLive: number | null;
  readonly targetDuration: number;
  /** No more media will come. */
  readonly closed: boolean;
  /** Null until the playlist is there. */
  readonly timeline: Timeline | null;
  /** The renditions of sound; one or none where there is nothing to choose. */
  readonly audioTracks: readonly Track[];
  /** -1 when not known. */
  readonly chosenAudio: number;

  chooseQuality(id: number): void;
  chooseAudio(id: number): void;
  /** Whether playback may be hastened a little to stay with live; otherwise its speed is the viewer's alone. */
  followLive(follow: boolean): void;
  /** Whether the line is too slow to be hastened on: live is not kept up with then. */
  ease?(slow: boolean): void;
  /** Jumps to where live playback sits. */
  goLive(): void;
  /** Loads again after a network failure. */
  resume(): void;
  /** Sets up the decoder again and keeps the place. */
  recoverMedia(): void;
  destroy(): void;
}

/** What the menu calls a quality: `1080p`, `1080p60`, with the bitrate where two would be called the same. */
export function qualityName(quality: Quality, all: readonly Quality[], audioOnly: string): string {
  const base = plainName(quality, audioOnly);
  const twin = all.some((other) => other.id !== quality.id && plainName(other, audioOnly) === base);
  return twin ? `${base} · ${bitrateText(quality.bitrate)}` : base;
}

function plainName(quality: Quality, audioOnly: string): string {
  // A portrait picture is named by its width, as people do.
  const lines = Math.min(quality.width || quality.height, quality.height);
  if (lines === 0) return audioOnly;
  return quality.frameRate > 31 ? `${lines}p${Math.round(quality.frameRate)}` : `${lines}p`;
}

function bitrateText(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000 ? `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}
