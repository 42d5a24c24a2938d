/** Texts of the player controls. */
export const controlsText = {
  seek: 'Seek',
  /** The position that the seek bar announces. */
  atLive: (clock: string | null) => (clock === null ? 'Live' : `${clock}, live`),
  behindLive: (clock: string | null, behind: string) => (clock === null ? `${behind} behind live` : `${clock}, ${behind} behind live`),
  positionOf: (position: string, length: string) => `${position} of ${length}`,
  position: (position: string, length: string) => `${position} / ${length}`,
  percent: (share: number) => `${share} %`,
  /** Offset from live, in the row of buttons. */
  behind: (length: string) => `−${length}`,
  behindHint: 'Time behind live',
  offsetHint: 'Position and duration',

  settings: 'Settings',
  back: (section: string) => `${section}: back to settings`,
  speed: 'Speed',
  speedName: (speed: number) => (speed === 1 ? 'Normal' : `${speed}×`),
  audio: 'Audio language',
  audioNumber: (number: number) => `Audio ${number}`,
  captions: 'Captions',
  captionsNumber: (number: number) => `Captions ${number}`,
  captionsOff: 'Off',
  pictureInPicture: 'Picture-in-picture',
  exitPictureInPicture: 'Exit picture-in-picture',
  playAgain: 'Play again',

  replayPill: 'Replay',
  loadingReplay: { title: 'Loading the recording…', hint: '' },
  replayFailed: { title: 'The recording cannot be played', hint: 'It may have been deleted. Retrying automatically.' },

  rebuffering: {
    only: 'Your connection is too slow for this stream. Playback pauses to buffer.',
    chosen: 'Your connection is too slow for the selected quality. Choose a lower quality or Auto.',
  },

  keys: 'Space play or pause · ← → J L seek · End live · M mute · C captions · F full screen · ↑ ↓ volume',
} as const;
