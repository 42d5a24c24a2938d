import { adminText } from '../../text';
import { clockText } from '../times';
import type { Deletion, Recording, RecordingUsage, RecordingWish } from './recordingApi';

const text = adminText.recordings;
const exactly = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const toTheSecond = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A length as players show it, `1:02:05`. */
export function lengthText(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (number: number) => String(number).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A size in the unit that gives it one to three digits before the point. */
export function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** What a recording is called. */
export function recordingName(recording: Recording): string {
  return recording.title || recording.channel;
}

/** Most characters of a recording's title. */
export const mostTitle = 200;

/** What a clip is called at first: after what it is cut out of, which may have no title, and no longer than a title may be. */
export function clipTitle(recording: Recording): string {
  if (recording.title === '') return '';
  const room = mostTitle - text.clipName('').length;
  // Whole characters: half of a pair is none.
  const title = recording.title.length <= room ? recording.title : recording.title.slice(0, room).replace(/[\uD800-\uDBFF]$/, '').trimEnd();
  return text.clipName(title);
}

/** A time in a recording as it is written for a clip, `1:02:05.4`: seconds from the recording's beginning. */
export function momentText(recording: Recording, at: Date): string {
  const tenths = Math.max(0, Math.round((at.getTime() - Date.parse(recording.startsAt)) / 100));
  const rest = tenths % 10;
  return `${lengthText(Math.floor(tenths / 10))}${rest === 0 ? '' : `.${rest}`}`;
}

/** A time in a recording as it is written to trim it. That is counted from the beginning of the whole broadcast, which a recording that was trimmed does not tell: so it is an instant. */
export function instantText(_: Recording, at: Date): string {
  return at.toISOString();
}

/** Where a recording begins and ends by now, trimmed or not, to the second on the reader's clock, with the day of the end where it is another; empty while it goes on. */
export function trimWords(recording: Recording): string {
  if (recording.endsAt === null || recording.durationSeconds === null) return '';
  const [start, end] = [new Date(recording.startsAt), new Date(recording.endsAt)];
  const isOneDay = start.toDateString() === end.toDateString();
  return text.trimmedTo(exactly.format(start), (isOneDay ? toTheSecond : exactly).format(end), lengthText(recording.durationSeconds));
}

/** What is said of a recording in one line. */
export function recordingFacts(recording: Recording, bytes: number | null = null): string[] {
  const facts: string[] = [];
  if (recording.kind === 'clip') facts.push(text.clipMark);
  if (recording.title !== '') facts.push(recording.channel);
  facts.push(clockText(recording.startsAt));
  if (recording.state === 'recording') facts.push(text.recordingNow);
  else if (recording.durationSeconds !== null) facts.push(lengthText(recording.durationSeconds));
  // A clip has nothing of its own in the store.
  if (bytes !== null && recording.kind !== 'clip') facts.push(sizeText(bytes));
  if (recording.visibility !== 'public') facts.push(text.visibilities[recording.visibility] ?? recording.visibility);
  if (recording.access !== 'channel') facts.push(text.accesses[recording.access] ?? recording.access);
  if (recording.expiresAt !== null) facts.push(text.kept(clockText(recording.expiresAt)));
  return facts;
}

/** Why a link was made to play it: that is said of the recording itself, or else of its channel. */
export function linkWords(recording: Recording): string {
  return recording.access === 'channel' ? text.withLinkOfChannel : text.withLink;
}

/** What deleting takes along, in a sentence. */
export function deletionWords(deletion: Deletion): string {
  if (!deletion.mediaGoes) return deletion.mediaKeptBy.length === 0 ? text.mediaStayOn : text.mediaStay(deletion.mediaKeptBy.length);
  return deletion.bytes === null || deletion.countedAll === false ? text.mediaGoUncounted : text.mediaGo(sizeText(deletion.bytes));
}

/** What of the form is sent to change a recording: only what differs. */
export function recordingChange(recording: Recording, form: FormData): RecordingWish {
  const of = (name: string) => String(form.get(name) ?? '').trim();
  const wish: RecordingWish = {};
  for (const member of ['title', 'visibility', 'retention'] as const) {
    if (of(member) !== recording[member]) wish[member] = of(member);
  }
  // Not asked for while it goes on.
  if (of('access') !== '' && of('access') !== recording.access) wish.access = of('access');
  for (const member of ['start', 'end'] as const) {
    if (of(member) !== '') wish[member] = of(member);
  }
  return wish;
}

/** What all recordings take, as far as it is counted. */
export function usageWords(usage: RecordingUsage): string {
  if (usage.sessions === 0) return '';
  const size = sizeText(usage.bytes);
  return usage.countedAll ? text.usage(size, usage.sessions) : text.usageSoFar(size, usage.counted, usage.sessions);
}
