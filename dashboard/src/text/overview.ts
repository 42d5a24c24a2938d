/** Texts of the overview page. */
export const overviewText = {
  alertsLabel: 'Alerts',
  alerts: {
    waiting: (channel: string) => `${channel}: encoder disconnected. Viewers see the slate.`,
    late: (channel: string, event: string, clock: string) =>
      `${channel}: “${event}” was scheduled for ${clock}, but no encoder is connected.`,
    issue: (channel: string, advice: string) => `${channel}: ${advice}`,
    noEncoder: (channel: string) => `${channel}: no encoder available for its renditions. Viewers receive only the source.`,
    degraded: (channel: string, reason: string) =>
      `${channel}: quality reduced to keep up${reason === '' ? '.' : ` (${reason}).`} Choose a smaller ladder, or add CPU or a GPU.`,
  },
  steps: {
    title: 'Getting started',
    hide: 'Dismiss',
    done: '– done',
    connect: { name: 'Connect an encoder', hint: 'The channel page shows the server and stream key for OBS, and the URL for viewers.' },
    plan: { name: 'Schedule an event', hint: 'Once or recurring. It starts and ends automatically, and has its own page for viewers.' },
    users: { name: 'Add users', hint: 'Each user has an account with a role.' },
  },
  noPoster: 'No image',
  posterHidden: 'Image on the channel page',
  notLive: 'Not live',
  encoderLost: 'Encoder disconnected',
  megabits: (number: string) => `${number} Mbit/s`,
  kilobits: (number: string) => `${number} kbit/s`,
  viewers: (count: number) => (count === 1 ? '1 viewer' : `${count} viewers`),
  passthrough: 'Source only',
  encoding: (encoder: string, rungs: string) => `${rungs} with ${encoder}`,
  eventLive: (title: string, clock: string) => `Now: ${title}, until ${clock}`,
  eventPreview: (title: string, clock: string) => `In preview: ${title}, starts ${clock}`,
  eventNext: (title: string, clock: string) => `Next: ${title}, ${clock}`,
} as const;
