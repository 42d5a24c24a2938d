// Every text that a person reads, in one place. The two tables are apart so that the watch page does not carry the dashboard's; what is long of the dashboard's lies in text/.

import { channelText } from './text/channel';
import { channelPageText } from './text/channelPage';
import { entranceText } from './text/entrance';
import { nowText } from './text/now';
import { pagesText } from './text/pages';
import { controlsText } from './text/playerControls';
import { recordingsText } from './text/recordings';
import { scheduleText } from './text/schedule';
import { settingsText } from './text/settings';

export const playerText = {
  product: 'Broadcast',
  pageTitle: (channel: string) => `${channel} – Broadcast`,
  playerLabel: (channel: string) => `Player: ${channel}`,

  pill: {
    offline: 'Offline',
    starting: 'Starting',
    live: 'Live',
    replay: controlsText.replayPill,
    reconnecting: 'Reconnecting',
    ended: 'Ended',
    error: 'Problem',
  },

  offline: {
    title: (channel: string) => `${channel} is not live`,
    hint: 'Stay here: playback starts by itself when the broadcast begins.',
  },
  unknown: {
    title: 'There is no such channel',
    hint: 'Check the address: it may be misspelt, or the channel was removed.',
  },
  next: {
    hint: (clock: string) => `Begins ${clock}.\nStay here: playback starts by itself.`,
    late: 'It should begin any moment.\nStay here: playback starts by itself.',
    /** The two largest units: nobody counts the seconds of a week. */
    left: (seconds: number) => {
      const units: [number, string, string][] = [[86_400, 'day', 'days'], [3600, 'hour', 'hours'], [60, 'minute', 'minutes'], [1, 'second', 'seconds']];
      const first = units.findIndex(([length]) => seconds >= length);
      const parts: string[] = [];
      let rest = seconds;
      for (const [length, one, many] of units.slice(first, first + 2)) {
        const count = Math.floor(rest / length);
        rest -= count * length;
        if (count > 0) parts.push(`${count} ${count === 1 ? one : many}`);
      }
      return parts.join(' ');
    },
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
    expired: { title: 'Your link has expired', hint: 'Ask for a new one.' },
    noToken: { title: 'This channel is not public', hint: 'Open it with the link that you were given.' },
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
  goLiveLabel: 'Go live: you are behind.',
  paused: 'Paused',
  behindLive: 'Behind live',
  latency: (seconds: string) => `${seconds} s`,
  latencyHint: 'Time between the camera and your screen',
  liveSince: (clock: string) => `Live since ${clock}`,
  watching: (count: string) => `${count} watching`,
  latencySentence: (seconds: string) => `${seconds} s delay`,
  keys: controlsText.keys,
  openWatchPage: 'Open the watch page',
} as const;

export const adminText = {
  product: 'Broadcast',
  pageTitle: 'Dashboard – Broadcast',
  loading: 'Loading…',
  cancel: 'Cancel',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'Not copied',
  copyAddress: 'Copy its address',
  undo: 'Undo',
  signOut: 'Sign out',
  serverSilent: 'The server does not answer. Trying again.',
  failed: 'That did not work. Try again.',
  tryAgain: 'Try again',

  signIn: entranceText,
  pages: pagesText,
  now: nowText,
  channelPage: channelPageText,
  schedule: scheduleText,
  recordings: recordingsText,
  settings: settingsText,

  channels: {
    title: 'Channels',
    create: 'New channel',
    empty: 'No channels yet',
    emptyHint: 'A channel is a place to publish to and to watch. Make the first one to get a stream key.',
    emptyHintReader: 'A channel is a place to publish to and to watch. An admin can make one.',
    watch: 'Watch',
    watchLabel: (name: string) => `Watch ${name} in a new tab`,
    since: (clock: string) => `since ${clock}`,
    latencies: { low: 'Low latency', standard: 'Standard latency', safe: 'Safe latency' } as Record<string, string>,
    rewind: (length: string) => (length === 'all' ? 'Rewind to the start' : `Rewind ${length}`),
    notRecorded: 'Not recorded',
    end: 'End broadcast',
    endTitle: (name: string) => `End the broadcast on ${name}?`,
    endHint: 'The encoder is sent away and viewers see that the broadcast has ended.',
  },
  encoding: {
    behind: (seconds: string) => `${seconds} s behind the source`,
    nothing: 'Nothing is encoded now; viewers have the source',
    faster: 'lower quality',
    halfRate: 'half of the pictures',
    without: (names: string) => `without ${names}`,
    restarts: (count: number) => (count === 1 ? 'restarted once' : `restarted ${count} times`),
    copied: (reason: string) => `the source is not passed on, because ${reason}`,
    because: (reason: string) => `last reason: ${reason}`,
  },
  source: {
    good: 'Source is good',
    problems: (count: number) => (count === 1 ? 'Source has a problem' : `Source has ${count} problems`),
    rate: (megabits: string) => `${megabits} Mbit/s`,
    picture: (width: number, height: number, rate: string) => `${width}×${height} at ${rate} pictures a second`,
    keyframes: (seconds: string) => `a keyframe every ${seconds} s`,
    sound: (codec: string, kilohertz: string) => `sound ${codec}, ${kilohertz} kHz`,
    noSound: 'no sound',
  },
  states: { offline: 'Offline', preview: 'Preview', starting: 'Starting', live: 'Live', waiting: 'Waiting', ended: 'Ended' } as Record<string, string>,

  channel: channelText,
  newChannel: {
    title: 'New channel',
    name: 'Name',
    nameHint: 'Part of the address: a–z, 0–9 and “-”.',
    titleField: 'Title',
    titleHint: 'What viewers read. May stay empty.',
    latency: 'Latency',
    latencyHints: {
      low: 'For talking with the audience. Needs a steady network.',
      standard: 'A few seconds behind. Good for almost everything.',
      safe: 'Further behind, hardest to interrupt.',
    } as Record<string, string>,
    rewind: 'Rewind',
    rewindHint: 'How far back viewers can go. The server keeps the media for it on disk.',
    rewinds: { off: 'Off', '30m': '30 minutes', '2h': '2 hours', '12h': '12 hours', '7d': '7 days', all: 'To the start' } as Record<string, string>,
    recording: 'Recording',
    recordingHint: 'Broadcasts are kept for replay, in all their qualities.',
    recordings: { forever: 'Keep for ever', '365d': 'Keep for a year', '30d': 'Keep for 30 days', '7d': 'Keep for 7 days', off: 'Do not record' } as Record<string, string>,
    ladder: 'Qualities',
    ladders: { passthrough: 'Source only', auto: 'Automatic', '720p': 'Up to 720p', '1080p': 'Up to 1080p', '4k': 'Up to 4K', own: 'Own rungs' } as Record<string, string>,
    ladderHints: {
      passthrough: 'Viewers get what the encoder sends.',
      auto: 'Smaller pictures beside the source, for slow lines. The server encodes them.',
      '720p': 'Smaller pictures beside the source, none above 720p.',
      '1080p': 'Smaller pictures beside the source, none above 1080p.',
      '4k': 'Smaller pictures beside the source, of 4K sources too.',
      own: 'Smaller pictures beside the source, as you write them.',
    } as Record<string, string>,
    rungs: 'Rungs',
    rungsExample: '1280x720@2500k,854x480p30@1200k',
    rungsHint: 'Up to four, with commas between: size, pictures a second if not the source’s, bits a second. None comes out larger than the source.',
    submit: 'Create channel',
    working: 'Creating…',
  },

  viewers: {
    title: 'Who may watch',
    access: 'Access',
    accesses: { public: 'Everybody', token: 'Who has a link', webhook: 'Whom your webhook lets in' } as Record<string, string>,
    accessHints: {
      public: 'The channel’s address is enough.',
      token: 'Links have an end, and can be taken back.',
      webhook: 'The server asks your service about each viewer.',
    } as Record<string, string>,
    save: 'Save',
    saving: 'Saving…',
    saved: 'Saved',
    links: 'Links',
    unnamed: 'Without a label',
    create: 'New link',
    none: 'No link yet.',
    ownLink: 'made by the dashboard for itself, not for viewers',
    publicNow: 'Links count once the channel is not open to everybody.',
    createTitle: 'New link to watch',
    label: 'Label',
    labelHint: 'Whose link it is. May stay empty.',
    lasts: 'Opens for',
    lengths: { '3600': '1 hour', '86400': '1 day', '604800': '7 days', '2592000': '30 days' } as Record<string, string>,
    address: 'Address',
    addressHint: 'Only from there, such as 203.0.113.5 or 203.0.113.0/24. Empty for anywhere.',
    submit: 'Make link',
    working: 'Making…',
    issuedTitle: 'New link to watch',
    once: 'Copy it now. It is not shown again. Whoever has it can watch.',
    watch: 'Watch page',
    embed: 'To embed',
    hls: 'HLS',
    dash: 'DASH',
    done: 'Done',
    revoke: 'Take back',
    revokeTitle: 'Take this link back?',
    revokeHint: 'Who watches with it stops within seconds.',
    opensUntil: (when: string) => `opens until ${when}`,
    expired: (when: string) => `expired ${when}`,
    onlyFrom: (address: string) => `only from ${address}`,
  },

  encoder: {
    title: 'Encoder settings',
    obs: 'In OBS: Settings → Stream, service “Custom…”.',
    server: 'Server',
    streamKey: 'Stream key',
    keyHidden: 'Shown only when it is made. Rotate the key to get a new one.',
  },
  newKey: {
    title: 'New stream key',
    once: 'Copy the stream key now. It is not shown again.',
    done: 'Done',
  },
  keys: {
    title: 'Stream keys',
    empty: 'No key works for this channel: nobody can publish to it.',
    create: 'New key',
    createTitle: 'New stream key',
    label: 'Label',
    labelHint: 'Whose key it is. May stay empty.',
    role: 'For',
    roles: { primary: 'Main encoder', backup: 'Backup encoder', guest: 'Guest' } as Record<string, string>,
    submit: 'Create key',
    working: 'Creating…',
    rotate: 'Rotate',
    rotateTitle: 'Rotate this key?',
    rotateHint: 'A new key takes its place. The old one stops working at once, and an encoder that uses it is sent away.',
    revoke: 'Revoke',
    revokeTitle: 'Revoke this key?',
    revokeHint: 'It stops working for good, and an encoder that uses it is sent away.',
    neverUsed: 'never used',
    lastUsed: (when: string) => `last used ${when}`,
    made: (when: string) => `made ${when}`,
    expires: (when: string) => `works until ${when}`,
  },
} as const;
