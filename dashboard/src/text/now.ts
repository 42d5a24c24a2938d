/** All channels at a glance. */
export const nowText = {
  alertsLabel: 'What needs a look',
  alerts: {
    waiting: (channel: string) => `${channel}: the encoder is gone. Viewers see the slate.`,
    late: (channel: string, event: string, clock: string) => `${channel}: “${event}” should have begun at ${clock}, and no encoder is there.`,
    issue: (channel: string, advice: string) => `${channel}: ${advice}`,
    noEncoder: (channel: string) => `${channel}: no encoder works for its qualities. Viewers have the source alone.`,
    reduced: (channel: string, reason: string) => `${channel}: quality is reduced to keep up${reason === '' ? '.' : ` (${reason}).`}`,
  },
  noPicture: 'No picture',
  pictureHidden: 'Picture on its page',
  nothingOn: 'Nothing is on',
  encoderGone: 'The encoder is gone',
  megabits: (number: string) => `${number} Mbit/s`,
  kilobits: (number: string) => `${number} kbit/s`,
  viewers: (count: number) => (count === 1 ? '1 viewer' : `${count} viewers`),
  passesSource: 'Source only',
  encodes: (encoder: string, rungs: string) => `${rungs} with ${encoder}`,
  eventOn: (title: string, clock: string) => `Now: ${title}, until ${clock}`,
  eventPreview: (title: string, clock: string) => `In preview: ${title}, begins ${clock}`,
  eventNext: (title: string, clock: string) => `Next: ${title}, ${clock}`,
} as const;
