export type Command =
  | 'toggle'
  | 'mute'
  | 'fullscreen'
  | 'louder'
  | 'quieter'
  | 'captions'
  | 'faster'
  | 'slower'
  | 'back'
  | 'forward'
  | 'farBack'
  | 'farForward'
  | 'start'
  | 'end';

/** The command of a key. Null for keys of the browser or of the focused control. */
export function commandOf(key: string, withModifier: boolean, focus: 'nothing' | 'button' | 'field'): Command | null {
  if (withModifier || focus === 'field') return null;
  switch (key) {
    case ' ':
      // It activates a focused button.
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
      return 'start';
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

/** The kind of the focused element. */
export function focusOf(target: EventTarget | null): 'nothing' | 'button' | 'field' {
  if (!(target instanceof Element)) return 'nothing';
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return 'field';
  return target.closest('button, a, [role="menu"]') === null ? 'nothing' : 'button';
}
