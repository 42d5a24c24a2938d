export type Command =
  | 'toggle' | 'mute' | 'fullscreen' | 'louder' | 'quieter' | 'captions' | 'faster' | 'slower'
  | 'back' | 'forward' | 'farBack' | 'farForward' | 'begin' | 'end';

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
    case 'j':
    case 'J':
      return 'farBack';
    case 'l':
    case 'L':
      return 'farForward';
    case 'ArrowLeft':
      return 'back';
    case 'ArrowRight':
      return 'forward';
    case 'Home':
      return 'begin';
    case 'End':
      return 'end';
    case 'c':
    case 'C':
      return 'captions';
    case '>':
      return 'faster';
    case '<':
      return 'slower';
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
