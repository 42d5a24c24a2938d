/** Start times in URLs: seconds from the start of the broadcast, `?t=90`. The player parses them. */

/** For URLs: whole seconds. */
export function startTimeText(seconds: number): string {
  return String(Math.max(0, Math.floor(seconds)));
}

/** For display: `1:02:03` or `2:03`. */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, remaining] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(remaining)}` : `${minutes}:${two(remaining)}`;
}
