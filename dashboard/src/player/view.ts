import type { ChannelStatus, Report } from './channelStatus';
import type { Choices } from './choices';
import type { Engine } from './engine';
import { latencySeconds } from './latency';
import type { RebufferNotice } from './rebufferController';
import { replayDisplayState } from './replay';
import type { Volume } from './volume';
import { type Mode, offeredSpeeds } from './speed';
import { type PlaybackStatus, type DisplayState, playbackDisplayState } from './state';
import type { Timeline } from './timeline';
import type { Track } from './tracks';

/** Everything that the page renders. */
export interface PlayerView extends DisplayState {
  channel: string;
  channelStatus: ChannelStatus | null;
  mode: Mode;
  /** Whether the viewer wants playback. */
  wantsPlay: boolean;
  /** Playback waits for the viewer: autoplay is off or blocked. */
  needsTap: boolean;
  /** The browser allowed only muted playback. */
  mutedByBrowser: boolean;
  buffering: boolean;
  /** Why playback waits for buffering; null for no notice. */
  rebufferNotice: RebufferNotice | null;
  behindLive: boolean;
  secondsToLive: number | null;
  latency: number | null;
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
  engine: Engine | null;
  /** Null while nothing is attached or loaded. */
  timeline: Timeline | null;
  /** Seconds of the video. */
  position: number;
  /** Available playback rates; empty if only 1 is. */
  speeds: readonly number[];
  speed: number;
  captions: readonly Track[];
  /** -1 for none. */
  chosenCaptions: number;
}

/** The player's state at one moment. */
export interface PlayerSnapshot {
  channel: string;
  mode: Mode;
  report: Report;
  playback: PlaybackStatus;
  engine: Engine | null;
  /** Whether a frame of the attached stream was shown. */
  hasShownFrame: boolean;
  wantsPlay: boolean;
  needsTap: boolean;
  behindLive: boolean;
  /** Duration of the stall, in ms. */
  stalledFor: number;
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
  /** Seconds of the video. */
  position: number;
  rebuffer: { notice: RebufferNotice | null };
  volume: Pick<Volume, 'mutedByBrowser'>;
  choices: { speed: number; captions: Pick<Choices['captions'], 'tracks' | 'chosen'> };
}

/** Longer stalls show the spinner, in ms. */
const bufferingAfterMs = 700;

/** Derives the view. */
export function viewOf({
  channel,
  mode,
  report,
  playback,
  engine,
  hasShownFrame,
  wantsPlay,
  needsTap,
  behindLive,
  stalledFor,
  now,
  position,
  rebuffer,
  volume,
  choices,
}: PlayerSnapshot): PlayerView {
  const isPlaying = playback.phase === 'playing';
  const live = mode === 'live' ? engine : null;
  return {
    ...(mode === 'replay' ? replayDisplayState(report, playback) : playbackDisplayState(report, playback)),
    mode,
    channel,
    channelStatus: report.kind === 'answer' ? report.channelStatus : null,
    wantsPlay: wantsPlay && !needsTap,
    needsTap: needsTap || playback.phase === 'awaitingPlay',
    mutedByBrowser: volume.mutedByBrowser,
    buffering: isPlaying && stalledFor > bufferingAfterMs,
    rebufferNotice: wantsPlay && !needsTap ? rebuffer.notice : null,
    behindLive: behindLive || (live !== null && hasShownFrame && playback.phase === 'paused'),
    secondsToLive: live?.secondsToLive ?? null,
    latency: live !== null && isPlaying ? latencySeconds(now, live.frameDate) : null,
    now,
    engine,
    timeline: engine?.timeline ?? null,
    position,
    speeds: engine === null ? [] : offeredSpeeds(mode, behindLive),
    speed: choices.speed,
    captions: choices.captions.tracks,
    chosenCaptions: choices.captions.chosen,
  };
}
