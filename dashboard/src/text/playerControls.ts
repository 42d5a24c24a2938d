/** The player's controls: seek bar, settings, replay. */
export const controlsText = {
  seek: 'Seek',
  /** What the seek bar says of where one is. */
  atLive: (clock: string | null) => (clock === null ? 'Live' : `${clock}, live`),
  behindLive: (clock: string | null, behind: string) => (clock === null ? `${behind} behind live` : `${clock}, ${behind} behind live`),
  of: (position: string, length: string) => `${position} of ${length}`,
  position: (position: string, length: string) => `${position} / ${length}`,
  percent: (share: number) => `${share} %`,
  /** How far behind, in the row of buttons. */
  behind: (length: string) => `−${length}`,
  behindHint: 'How far you are behind live',
  offsetHint: 'Where you are, and how long it is',

  settings: 'Settings',
  back: (section: string) => `${section}: back to settings`,
  speed: 'Speed',
  speedName: (speed: number) => (speed === 1 ? 'Normal' : `${speed}×`),
  audio: 'Audio language',
  audioNumber: (number: number) => `Audio ${number}`,
  captions: 'Captions',
  captionsNumber: (number: number) => `Captions ${number}`,
  captionsOff: 'Off',
  pictureInPicture: 'Picture in picture',
  leavePictureInPicture: 'Leave picture in picture',
  playAgain: 'Play again',

  replayPill: 'Replay',
  loadingReplay: { title: 'Loading the recording…', hint: '' },
  replayFailed: { title: 'The recording cannot be played', hint: 'It may have been removed. This page keeps trying.' },

  slowLine: {
    only: 'Your connection is slower than this stream, so it stops now and then to load ahead.',
    chosen: 'Your connection is slower than the quality you chose. A lower one, or Auto, plays without stopping.',
  },

  keys: 'Space play or pause · ← → J L seek · End live · M mute · C captions · F full screen · ↑ ↓ volume',
} as const;
