/** Texts of the watch, embed and event pages around the player. */
export const watchText = {
  replay: {
    pill: 'Replay',
    playing: (title: string) => `Playing the recording of ${title}.`,
    offer: 'Watch the recording',
    offerHint: 'The last broadcast was recorded.',
    liveHint: 'A new broadcast has started.',
    liveNow: 'Watch live',
    startedLive: 'A new broadcast has started. You are watching live.',
  },
  share: {
    open: 'Share',
    title: 'Share',
    url: 'URL',
    embed: 'Embed code',
    withChat: 'Embed with chat',
    withTime: (clock: string) => `Start at ${clock}`,
    copyUrl: 'Copy URL',
    copyEmbed: 'Copy code',
    copied: 'Copied',
    notCopied: 'The browser does not allow copying. Copy the selected text manually.',
    send: 'Send to…',
    close: 'Close',
    private: 'Your viewer link is personal: anyone who has it can watch. The URLs here do not include it.',
  },
  event: {
    loading: 'Loading…',
    startsAt: (clock: string) => `Starts ${clock}`,
    until: (clock: string) => `until ${clock}`,
    startingSoon: 'Starting soon.',
    waitHint: 'Playback starts automatically.',
    calendar: 'Add to calendar',
    live: 'Live',
    upcoming: 'Upcoming',
    ended: 'Ended',
    replay: 'Replay',
    cancelled: 'Cancelled',
    endedTitle: 'This event has ended',
    endedHint: 'If it was recorded, the recording plays here automatically.',
    cancelledTitle: 'This event was cancelled',
    cancelledHint: 'See the channel page for other broadcasts.',
    openChannel: 'Channel page',
    notFoundTitle: 'Event not found',
    notFoundHint: 'It may have been deleted, or is not announced yet.',
    noToken: { title: 'This event is private', hint: 'Open it with the link that you received.' },
    denied: { title: 'You cannot watch this event', hint: 'Your link may have expired. Ask for a new one.' },
    unreachable: { title: 'Cannot reach the server', hint: 'Check your internet connection. Retrying automatically.' },
    /** Shown once to viewers who have the page open. */
    startMoved: (clock: string) => `The start has changed: ${clock}.`,
  },
  /** Replaces texts of events on the page of a recording. */
  recording: {
    replay: 'Recording',
    notFoundTitle: 'Recording not found',
    notFoundHint: 'It may have been deleted or hidden, or its broadcast has not ended yet.',
    noToken: { title: 'This recording is private', hint: 'Open it with the link that you received.' },
    denied: { title: 'You cannot watch this recording', hint: 'Your link may have expired. Ask for a new one.' },
  },
} as const;

type Widened<T> = T extends string
  ? string
  : T extends (...parts: never[]) => string
    ? T
    : { readonly [Name in keyof T]: Widened<T[Name]> };

/** Texts of the page of an event or a recording. */
export type EventText = Widened<typeof watchText.event>;

/** Texts of the page of an event, or of a recording. */
export function eventText(kind: 'event' | 'recording'): EventText {
  return kind === 'recording' ? { ...watchText.event, ...watchText.recording } : watchText.event;
}
