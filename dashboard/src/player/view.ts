import type { Broadcast } from './broadcast';
import type { Engine } from './engine';
import type { Mode } from './speed';
import type { Verdict } from './state';
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
