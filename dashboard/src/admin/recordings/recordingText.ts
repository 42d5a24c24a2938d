import { adminText } from '../../text';
import { clockText } from '../times';
import type { Deletion, Recording, RecordingUsage, RecordingRequest } from './recordingApi';

const text = adminText.recordings;
const dateAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const timeOnly = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A duration, `1:02:05`. */
export function lengthText(seconds: number): string {
  const wholeSeconds = Math.round(seconds);
  const two = (number: number) => String(number).padStart(2, '0');
  const [hours, minutes, remaining] = [Math.floor(wholeSeconds / 3600), Math.floor(wholeSeconds / 60) % 60, wholeSeconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(remaining)}` : `${minutes}:${two(remaining)}`;
}

/** A size with unit, with one to three digits before the point. */
export function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** The display name of a recording. */
export function recordingName(recording: Recording): string {
  return recording.title || recording.channel;
}

/** Maximum length of a title. */
export const maxTitleLength = 200;

/** Default title of a clip: derived from its recording, within the maximum length. Empty if the recording has no title. */
export function clipTitle(recording: Recording): string {
  if (recording.title === '') return '';
  const maxLength = maxTitleLength - text.clipName('').length;
  // Do not split a surrogate pair.
  const title =
    recording.title.length <= maxLength
      ? recording.title
      : recording.title
          .slice(0, maxLength)
          .replace(/[\uD800-\uDBFF]$/, '')
          .trimEnd();
  return text.clipName(title);
}

/** A position for a clip, `1:02:05.4`: time since the start of the recording. */
export function offsetText(recording: Recording, at: Date): string {
  const tenths = Math.max(0, Math.round((at.getTime() - Date.parse(recording.startsAt)) / 100));
  const remaining = tenths % 10;
  return `${lengthText(Math.floor(tenths / 10))}${remaining === 0 ? '' : `.${remaining}`}`;
}

/** A position for trimming, as an instant: offsets count from the start of the broadcast, which a trimmed recording may not contain. */
export function instantText(_: Recording, at: Date): string {
  return at.toISOString();
}

/** Start, end and duration in the user's time zone; empty while recording. The day of the end appears if it differs. */
export function trimText(recording: Recording): string {
  if (recording.endsAt === null || recording.durationSeconds === null) return '';
  const [start, end] = [new Date(recording.startsAt), new Date(recording.endsAt)];
  const isOneDay = start.toDateString() === end.toDateString();
  return text.trimmedTo(dateAndTime.format(start), (isOneDay ? timeOnly : dateAndTime).format(end), lengthText(recording.durationSeconds));
}

/** Properties of a recording as short texts. */
export function recordingFacts(recording: Recording, bytes: number | null = null): string[] {
  const facts: string[] = [];
  if (recording.kind === 'clip') facts.push(text.clipMark);
  if (recording.title !== '') facts.push(recording.channel);
  facts.push(clockText(recording.startsAt));
  if (recording.state === 'recording') facts.push(text.inProgress);
  else if (recording.durationSeconds !== null) facts.push(lengthText(recording.durationSeconds));
  // A clip has no media of its own.
  if (bytes !== null && recording.kind !== 'clip') facts.push(sizeText(bytes));
  if (recording.visibility !== 'public') facts.push(text.visibilities[recording.visibility] ?? recording.visibility);
  if (recording.access !== 'channel') facts.push(text.accesses[recording.access] ?? recording.access);
  if (recording.expiresAt !== null) facts.push(text.retainedUntil(clockText(recording.expiresAt)));
  return facts;
}

/** Why a viewer token was created: due to the recording's own policy, or the channel's. */
export function linkText(recording: Recording): string {
  return recording.access === 'channel' ? text.channelLinkHint : text.recordingLinkHint;
}

/** The consequences of a deletion as a sentence. */
export function deletionText(deletion: Deletion): string {
  if (!deletion.deletesMedia)
    return deletion.mediaRetainedBy.length === 0 ? text.mediaRetainedWhileLive : text.mediaRetained(deletion.mediaRetainedBy.length);
  return deletion.bytes === null || deletion.isComplete === false
    ? text.mediaDeletedUnknownSize
    : text.mediaDeleted(sizeText(deletion.bytes));
}

/** The changed members of the form. */
export function recordingChangeOf(recording: Recording, form: FormData): RecordingRequest {
  const valueOf = (name: string) => String(form.get(name) ?? '').trim();
  const request: RecordingRequest = {};
  for (const member of ['title', 'visibility', 'retention'] as const) {
    if (valueOf(member) !== recording[member]) request[member] = valueOf(member);
  }
  // Not in the form while recording.
  if (valueOf('access') !== '' && valueOf('access') !== recording.access) request.access = valueOf('access');
  for (const member of ['start', 'end'] as const) {
    if (valueOf(member) !== '') request[member] = valueOf(member);
  }
  return request;
}

/** Storage used by all recordings, as far as counted. */
export function usageText(usage: RecordingUsage): string {
  if (usage.sessions === 0) return '';
  const size = sizeText(usage.bytes);
  return usage.isComplete ? text.usage(size, usage.sessions) : text.usageSoFar(size, usage.counted, usage.sessions);
}
