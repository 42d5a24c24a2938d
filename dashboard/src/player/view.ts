import type { Broadcast, Report } from './broadcast';
import type { Choices } from './choices';
import type { Engine } from './engine';
import { latencySeconds } from './latency';
import type { LineNotice } from './lineKeeper';
import { decideReplay } from './replay';
import type { Sound } from './sound';
import { type Mode, offeredSpeeds } from './speed';
import { type Picture, type Verdict, decide } from './state';
import type { Timeline } from './timeline';
import type { Track } from './tracks';

/** Everything the page draws. */
export interface PlayerView extends Verdict {
  channel: string;
  broadcast: Broadcast | null;
  mode: Mode;
  /** The viewer wants it to run, whether it does or not. */
  wantsPlay: boolean;
  /** Nothing plays until the viewer asks for it: autoplay is off or forbidden. */
  needsTap: boolean;
  /** The browser allowed playback only without sound. */
  mutedByBrowser: boolean;
  buffering: boolean;
  /** Why playback waits that the viewer wants to run; null where there is nothing to say. */
  lineNotice: LineNotice | null;
  behindLive: boolean;
  secondsToLive: number | null;
  latency: number | null;
  /** Milliseconds since 1970, as the server counts them. */
  now: number;
  engine: Engine | null;
  /** Where one can go; null while nothing is attached or known. */
  timeline: Timeline | null;
  /** Seconds of the video. */
  position: number;
  /** What can be chosen now; empty where there is only the ordinary. */
  speeds: readonly number[];
  speed: number;
  captions: readonly Track[];
  /** -1 for none. */
  chosenCaptions: number;
}

/** What the player knows at one moment. */
export interface Scene {
  channel: string;
  mode: Mode;
  report: Report;
  picture: Picture;
  engine: Engine | null;
  /** It has shown a picture of what is attached. */
  shown: boolean;
  wantsPlay: boolean;
  needsTap: boolean;
  behindLive: boolean;
  /** How long the video has stood still, in ms. */
  stalledFor: number;
  /** Milliseconds since 1970, as the server counts them. */
  now: number;
  /** Seconds of the video. */
  position: number;
  line: { notice: LineNotice | null };
  sound: Pick<Sound, 'mutedByBrowser'>;
  choices: { speed: number; captions: Pick<Choices['captions'], 'tracks' | 'chosen'> };
}

/** Standing still for longer than this is drawn as buffering, in ms. */
const bufferingAfterMs = 700;

/** What to draw of it. */
export function viewOf({ channel, mode, report, picture, engine, shown, wantsPlay, needsTap, behindLive, stalledFor, now, position, line, sound, choices }: Scene): PlayerView {
  const running = picture.phase === 'playing';
  const live = mode === 'live' ? engine : null;
  return {
    ...(mode === 'replay' ? decideReplay(report, picture) : decide(report, picture)),
    mode,
    channel,
    broadcast: report.kind === 'answer' ? report.broadcast : null,
    wantsPlay: wantsPlay && !needsTap,
    needsTap: needsTap || picture.phase === 'invited',
    mutedByBrowser: sound.mutedByBrowser,
    buffering: running && stalledFor > bufferingAfterMs,
    lineNotice: wantsPlay && !needsTap ? line.notice : null,
    behindLive: behindLive || (live !== null && shown && picture.phase === 'held'),
    secondsToLive: live?.secondsToLive ?? null,
    latency: live !== null && running ? latencySeconds(now, live.pictureDate) : null,
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
