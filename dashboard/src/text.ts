// All user-visible texts. The viewer pages import only `playerText` and parts of text/, not the dashboard's texts.

import { authText } from './text/auth';
import { channelText } from './text/channel';
import { channelPageText } from './text/channelPage';
import { chatAdminText } from './text/chatAdmin';
import { overviewText } from './text/overview';
import { pagesText } from './text/pages';
import { controlsText } from './text/playerControls';
import { recordingsText } from './text/recordings';
import { scheduleText } from './text/schedule';
import { settingsText } from './text/settings';
import { targetsText } from './text/targets';

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
    error: 'Error',
  },

  offline: {
    title: (channel: string) => `${channel} is offline`,
    hint: 'Playback starts automatically when the channel goes live.',
  },
  unknown: {
    title: 'Channel not found',
    hint: 'The link may be wrong, or the channel was deleted.',
  },
  next: {
    hint: (clock: string) => `Starts ${clock}.\nPlayback starts automatically.`,
    late: 'Starting soon.\nPlayback starts automatically.',
    /** The two largest units of the remaining time. */
    remaining: (seconds: number) => {
      const units: [number, string, string][] = [
        [86_400, 'day', 'days'],
        [3600, 'hour', 'hours'],
        [60, 'minute', 'minutes'],
        [1, 'second', 'seconds'],
      ];
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
    preparing: { title: 'The broadcast is starting', hint: 'Playback starts in a moment.' },
    loading: { title: 'Loading video…', hint: '' },
  },
  reconnecting: {
    encoderLost: { title: 'The broadcast was interrupted', hint: 'Waiting for the broadcaster to reconnect.' },
    connectionLost: { title: 'Connection lost', hint: 'Reconnecting. Playback resumes automatically.' },
  },
  ended: { title: 'The broadcast has ended', hint: 'Thank you for watching. The next broadcast starts here automatically.' },
  error: {
    unreachable: {
      title: 'Cannot reach the server',
      hint: 'Check your internet connection. Retrying automatically.',
    },
    denied: { title: 'You cannot watch this channel', hint: 'Your link may have expired. Ask for a new one.' },
    expired: { title: 'Your link has expired', hint: 'Ask for a new one.' },
    noToken: { title: 'This channel is private', hint: 'Open it with the link that you received.' },
    unsupported: {
      title: 'Your browser cannot play this broadcast',
      hint: 'Use a current version of Chrome, Firefox, Edge or Safari.',
    },
    media: { title: 'The video cannot be played', hint: 'Retrying automatically. If this continues, reload the page.' },
    noChannel: { title: 'No channel in the URL', hint: 'A channel’s URL looks like /watch/NAME.' },
  },
  retry: 'Try again',

  play: 'Play',
  pause: 'Pause',
  mute: 'Mute',
  unmute: 'Unmute',
  tapToUnmute: 'Tap to unmute',
  volume: 'Volume',
  fullscreen: 'Full screen',
  exitFullscreen: 'Exit full screen',
  quality: 'Quality',
  qualityAuto: 'Auto',
  qualityAutoNow: (current: string) => `Auto (${current})`,
  audioOnly: 'Audio only',
  source: 'Source',
  live: 'Live',
  atLiveLabel: 'Live. You are watching live.',
  goLive: 'Go live',
  goLiveLabel: 'Go live: you are behind live.',
  paused: 'Paused',
  behindLive: 'Behind live',
  latency: (seconds: string) => `${seconds} s`,
  latencyHint: 'Delay from the camera to your screen',
  liveSince: (clock: string) => `Live since ${clock}`,
  watching: (count: string) => `${count} watching`,
  latencySentence: (seconds: string) => `${seconds} s latency`,
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
  notCopied: 'Copy failed',
  copyUrl: 'Copy URL',
  undo: 'Undo',
  signOut: 'Sign out',
  serverUnreachable: 'The server does not respond. Retrying…',
  failed: 'Something went wrong. Try again.',
  tryAgain: 'Try again',

  signIn: authText,
  pages: pagesText,
  overview: overviewText,
  channelPage: channelPageText,
  schedule: scheduleText,
  recordings: recordingsText,
  settings: settingsText,
  targets: targetsText,
  chat: chatAdminText,

  channels: {
    title: 'Channels',
    create: 'New channel',
    empty: 'No channels yet',
    emptyHint: 'A channel has a stream key for your encoder and a page for viewers. Create the first one.',
    emptyHintReader: 'A channel has a stream key for an encoder and a page for viewers. An admin can create one.',
    watch: 'Watch',
    watchLabel: (name: string) => `Watch ${name} in a new tab`,
    since: (clock: string) => `since ${clock}`,
    latencies: { low: 'Low latency', standard: 'Standard latency', safe: 'Safe latency' } as Record<string, string>,
    dvrWindow: (length: string) => (length === 'all' ? 'Full DVR window' : `DVR window: ${length}`),
    notRecorded: 'Not recorded',
    end: 'End broadcast',
    endTitle: (name: string) => `End the broadcast on ${name}?`,
    endHint: 'The encoder is disconnected, and viewers see that the broadcast has ended.',
  },
  encoding: {
    lag: (seconds: string) => `${seconds} s behind the source`,
    notEncoding: 'Not encoding; viewers receive the source',
    lowerQuality: 'lower quality',
    halfRate: 'half frame rate',
    without: (names: string) => `without ${names}`,
    restarts: (count: number) => (count === 1 ? 'restarted once' : `restarted ${count} times`),
    reencoded: (reason: string) => `re-encoded: ${reason}`,
    lastReason: (reason: string) => `last reason: ${reason}`,
  },
  source: {
    healthy: 'Source healthy',
    issues: (count: number) => (count === 1 ? '1 source issue' : `${count} source issues`),
    rate: (megabits: string) => `${megabits} Mbit/s`,
    video: (width: number, height: number, rate: string) => `${width}×${height} at ${rate} fps`,
    keyframes: (seconds: string) => `keyframe every ${seconds} s`,
    audio: (codec: string, kilohertz: string) => `audio ${codec}, ${kilohertz} kHz`,
    noAudio: 'no audio',
  },
  states: {
    offline: 'Offline',
    preview: 'Preview',
    starting: 'Starting',
    live: 'Live',
    waiting: 'Reconnecting',
    ended: 'Ended',
  } as Record<string, string>,

  channel: channelText,
  newChannel: {
    title: 'New channel',
    name: 'Name',
    nameHint: 'Part of the URL: a–z, 0–9 and “-”.',
    titleField: 'Title',
    titleHint: 'Shown to viewers. Optional.',
    latency: 'Latency',
    latencyHints: {
      low: 'For interaction with viewers. Needs a stable network.',
      standard: 'A few seconds. Suits most broadcasts.',
      safe: 'Longer delay, most resilient to network problems.',
    } as Record<string, string>,
    dvrWindow: 'DVR window',
    dvrWindowHint: 'How far back viewers can seek. The server stores this media.',
    dvrWindows: {
      off: 'Off',
      '30m': '30 minutes',
      '2h': '2 hours',
      '12h': '12 hours',
      '7d': '7 days',
      all: 'Entire broadcast',
    } as Record<string, string>,
    recording: 'Recording',
    recordingHint: 'Keeps broadcasts in all renditions for on-demand playback.',
    recordings: {
      forever: 'Keep forever',
      '365d': 'Keep for a year',
      '30d': 'Keep for 30 days',
      '7d': 'Keep for 7 days',
      off: 'Do not record',
    } as Record<string, string>,
    ladder: 'Renditions',
    ladders: {
      passthrough: 'Source only',
      auto: 'Automatic',
      '720p': 'Up to 720p',
      '1080p': 'Up to 1080p',
      '4k': 'Up to 4K',
      custom: 'Custom',
    } as Record<string, string>,
    ladderHints: {
      passthrough: 'Viewers receive the source without re-encoding.',
      auto: 'The source and lower resolutions, encoded by the server.',
      '720p': 'The source and lower resolutions up to 720p.',
      '1080p': 'The source and lower resolutions up to 1080p.',
      '4k': 'The source and lower resolutions up to 4K.',
      custom: 'The source and the renditions that you specify.',
    } as Record<string, string>,
    rungs: 'Custom renditions',
    rungsExample: '1280x720@2500k,854x480p30@1200k',
    rungsHint: 'Up to four, separated by commas: resolution, optional frame rate, bitrate. None exceeds the source.',
    submit: 'Create channel',
    working: 'Creating…',
  },

  viewers: {
    title: 'Viewer access',
    access: 'Access',
    accesses: { public: 'Public', token: 'Viewers with a link', webhook: 'Auth callback' } as Record<string, string>,
    accessHints: {
      public: 'Anyone with the channel URL can watch.',
      token: 'Viewers need a link. Links expire and can be revoked.',
      webhook: 'The server asks your service about each viewer.',
    } as Record<string, string>,
    save: 'Save',
    saving: 'Saving…',
    saved: 'Saved',
    links: 'Viewer links',
    unnamed: 'No label',
    create: 'New link',
    none: 'No viewer links yet.',
    dashboardLink: 'created by the dashboard for its own use',
    publicHint: 'This channel is public: viewers do not need a link.',
    createTitle: 'New viewer link',
    label: 'Label',
    labelHint: 'For example, who uses it. Optional.',
    lifetime: 'Valid for',
    lifetimes: { '3600': '1 hour', '86400': '1 day', '604800': '7 days', '2592000': '30 days' } as Record<string, string>,
    network: 'Allowed network',
    networkHint: 'For example 203.0.113.5 or 203.0.113.0/24. Leave empty to allow any network.',
    submit: 'Create link',
    working: 'Creating…',
    issuedTitle: 'New viewer link',
    shownOnce: 'Copy it now; it is not shown again. Anyone with this link can watch.',
    watch: 'Watch page',
    embed: 'Embed URL',
    hls: 'HLS',
    dash: 'DASH',
    done: 'Done',
    revoke: 'Revoke',
    revokeTitle: 'Revoke this link?',
    revokeHint: 'Viewers who use it are disconnected within seconds.',
    expires: (when: string) => `expires ${when}`,
    expired: (when: string) => `expired ${when}`,
    networkOnly: (network: string) => `only from ${network}`,
  },

  encoder: {
    title: 'Encoder settings',
    obsHint: 'In OBS: Settings → Stream, service “Custom…”.',
    server: 'Server',
    streamKey: 'Stream key',
    keyHidden: 'Shown only once. Rotate the key to get a new one.',
  },
  newKey: {
    title: 'New stream key',
    shownOnce: 'Copy the stream key now; it is not shown again.',
    done: 'Done',
  },
  keys: {
    title: 'Stream keys',
    empty: 'No active stream key: encoders cannot publish to this channel.',
    create: 'New key',
    createTitle: 'New stream key',
    label: 'Label',
    labelHint: 'For example, who uses it. Optional.',
    role: 'Role',
    roles: { primary: 'Primary encoder', backup: 'Backup encoder', guest: 'Guest' } as Record<string, string>,
    submit: 'Create key',
    working: 'Creating…',
    rotate: 'Rotate',
    rotateTitle: 'Rotate this key?',
    rotateHint: 'A new key replaces it. The old key stops working immediately, and an encoder that uses it is disconnected.',
    revoke: 'Revoke',
    revokeTitle: 'Revoke this key?',
    revokeHint: 'The key stops working permanently, and an encoder that uses it is disconnected.',
    neverUsed: 'never used',
    lastUsed: (when: string) => `last used ${when}`,
    created: (when: string) => `created ${when}`,
    expires: (when: string) => `expires ${when}`,
  },
} as const;
