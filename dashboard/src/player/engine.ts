import type { PlaybackError } from './recovery';
import type { Timeline } from './timeline';
import type { Track } from './tracks';

/**
 * Where an attachment starts: seconds of the video, or a function of the timeline. Null uses the stream's default: live, or the start of a
 * recording.
 */
export type InitialPosition = number | ((timeline: Timeline) => number | null) | null;

/** Playback rate with which engines catch up with live, too small to be heard. Viewers cannot select it. */
export const catchUpRate = 1.05;

/** An entry of the quality menu. */
export interface Quality {
  id: number;
  width: number;
  height: number;
  frameRate: number;
  /** Bits per second. */
  bitrate: number;
}

/** Callbacks of an engine. */
export interface EngineEvents {
  onError(error: PlaybackError): void;
  onQualities(): void;
  /** The playlist ended; no media follows. */
  onEnded(): void;
}

/** Plays one stream in one video element. Created for each attachment. */
export interface Engine {
  readonly qualities: readonly Quality[];
  /** The selected quality, -1 for automatic. */
  readonly chosenQuality: number;
  /** The displayed quality, -1 if unknown. */
  readonly currentQuality: number;
  /** Measured bandwidth in bits per second, null before a measurement. Undefined if the engine does not measure it. */
  readonly bandwidth?: number | null;
  /** When the displayed frame was captured, by the server's clock. */
  readonly frameDate: Date | null;
  /** Seconds to the live position. */
  readonly secondsToLive: number | null;
  readonly targetDuration: number;
  /** Whether no more media follows. */
  readonly isEnded: boolean;
  /** Null until the playlist is loaded. */
  readonly timeline: Timeline | null;
  /** The audio renditions; empty or one if there is no choice. */
  readonly audioTracks: readonly Track[];
  /** -1 if unknown. */
  readonly chosenAudio: number;

  chooseQuality(id: number): void;
  chooseAudio(id: number): void;
  /** Whether the engine may raise the playback rate to stay at live. Otherwise only the viewer sets it. */
  followLive(isAllowed: boolean): void;
  /** Whether the connection is too slow to stay at live. */
  setSlowConnection?(isSlow: boolean): void;
  /** Seeks to the live position. */
  goLive(): void;
  /** Loads again after a network failure. */
  resume(): void;
  /** Resets the decoder and keeps the position. */
  recoverMedia(): void;
  destroy(): void;
}

/** The menu label of a quality: `1080p`, `1080p60`, with the bitrate if labels would be equal. */
export function qualityName(quality: Quality, all: readonly Quality[], audioOnly: string): string {
  const base = plainName(quality, audioOnly);
  const hasDuplicate = all.some((other) => other.id !== quality.id && plainName(other, audioOnly) === base);
  return hasDuplicate ? `${base} · ${bitrateText(quality.bitrate)}` : base;
}

function plainName(quality: Quality, audioOnly: string): string {
  // Portrait video is named by its width.
  const height = Math.min(quality.width || quality.height, quality.height);
  if (height === 0) return audioOnly;
  return quality.frameRate > 31 ? `${height}p${Math.round(quality.frameRate)}` : `${height}p`;
}

function bitrateText(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000 ? `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}
