/** Times of a broadcast as they are shared: seconds from its start, `?t=90`. The player reads them. */

/** As it is written into an address: whole seconds. */
export function startTimeText(seconds: number): string {
  return String(Math.max(0, Math.floor(seconds)));
}

/** As people read it: `1:02:03` or `2:03`. */
export function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
