export type Command = 'toggle' | 'mute' | 'fullscreen' | 'live' | 'louder' | 'quieter';

/** What a key asks for. Null for keys that belong to the browser or to the control that has the focus. */
export function commandFor(key: string, withModifier: boolean, focus: 'nothing' | 'button' | 'field'): Command | null {
  if (withModifier || focus === 'field') return null;
  switch (key) {
    case ' ':
      // A focused button is pressed by it.
      return focus === 'button' ? null : 'toggle';
    case 'k':
    case 'K':
      return 'toggle';
    case 'm':
    case 'M':
      return 'mute';
    case 'f':
    case 'F':
      return 'fullscreen';
    case 'l':
    case 'L':
      return 'live';
    case 'ArrowUp':
      return 'louder';
    case 'ArrowDown':
      return 'quieter';
    default:
      return null;
  }
}

/** What has the focus, as far as keys go. */
export function focusOf(target: EventTarget | null): 'nothing' | 'button' | 'field' {
  if (!(target instanceof Element)) return 'nothing';
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return 'field';
  return target.closest('button, a, [role="menu"]') === null ? 'nothing' : 'button';
}
