// Every text that a person reads, in one place. The two tables are apart so that the watch page does not carry the dashboard's.

export const playerText = {
  product: 'Broadcast',
  pageTitle: (channel: string) => `${channel} – Broadcast`,
  playerLabel: (channel: string) => `Player: ${channel}`,

  pill: {
    offline: 'Offline',
    starting: 'Starting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    ended: 'Ended',
    error: 'Problem',
  },

  offline: {
    title: (channel: string) => `${channel} is not live`,
    hint: 'Stay here: playback starts by itself when the broadcast begins.',
  },
  starting: {
    connecting: { title: 'Connecting…', hint: '' },
    preparing: { title: 'The broadcast is starting', hint: 'The first picture will be here in a moment.' },
    loading: { title: 'Loading the picture…', hint: '' },
  },
  reconnecting: {
    encoderLost: { title: 'The picture stopped', hint: 'Waiting for the broadcaster to come back.' },
    connectionLost: { title: 'Connection lost', hint: 'Trying again. Playback goes on by itself.' },
  },
  ended: { title: 'The broadcast has ended', hint: 'Thank you for watching. The next one starts here by itself.' },
  error: {
    unreachable: {
      title: 'The server cannot be reached',
      hint: 'Check your internet connection. This page keeps trying.',
    },
    denied: { title: 'You cannot watch this channel', hint: 'Your link may have expired. Ask for a new one.' },
    unsupported: {
      title: 'Your browser cannot play this broadcast',
      hint: 'Try a current version of Chrome, Firefox, Edge or Safari.',
    },
    media: { title: 'The picture cannot be played', hint: 'This page keeps trying. If it stays, reload the page.' },
    noChannel: { title: 'No channel in the address', hint: 'The address of a channel looks like /watch/NAME.' },
  },
  retry: 'Try again',

  play: 'Play',
  pause: 'Pause',
  mute: 'Mute',
  unmute: 'Unmute',
  tapToUnmute: 'Tap to unmute',
  volume: 'Volume',
  fullscreen: 'Full screen',
  leaveFullscreen: 'Leave full screen',
  quality: 'Quality',
  qualityAuto: 'Auto',
  qualityAutoNow: (now: string) => `Auto (${now})`,
  audioOnly: 'Audio only',
  source: 'Source',
  live: 'Live',
  atLiveLabel: 'Live. You are at the live edge.',
  goLive: 'Go live',
  goLiveLabel: 'You are behind live. Go back to live.',
  paused: 'Paused',
  behindLive: 'Behind live',
  latency: (seconds: string) => `${seconds} s`,
  latencyHint: 'Time between the camera and your screen',
  liveSince: (clock: string) => `Live since ${clock}`,
  latencySentence: (seconds: string) => `${seconds} s behind the camera`,
  keys: 'Space play or pause · M mute · F full screen · L live · ↑ ↓ volume',
  openWatchPage: 'Open the watch page',
} as const;
