import { playerText } from '../text';

const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const timeAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });

/** When something begins on the viewer's clock, and how long it is until then; `left` is null once it should have begun. */
export function countdown(startsAt: Date, now: number): { clock: string; left: string | null } {
  const ms = startsAt.getTime() - now;
  const isToday = startsAt.toDateString() === new Date(now).toDateString();
  return { clock: (isToday ? time : timeAndDay).format(startsAt), left: ms <= 0 ? null : playerText.next.left(Math.ceil(ms / 1000)) };
}
