import { playerText } from '../text';

const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const timeAndDay = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  hour: 'numeric',
  minute: '2-digit',
});

/** The start in the viewer's time zone, and the time until then; `remaining` is null after the start. */
export function countdown(startsAt: Date, now: number): { clock: string; remaining: string | null } {
  const ms = startsAt.getTime() - now;
  const isToday = startsAt.toDateString() === new Date(now).toDateString();
  return {
    clock: (isToday ? time : timeAndDay).format(startsAt),
    remaining: ms <= 0 ? null : playerText.next.remaining(Math.ceil(ms / 1000)),
  };
}
