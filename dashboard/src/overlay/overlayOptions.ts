/** Options of the overlay: `?size=28&max=12&fade=30&align=right&messages=0&pinned=0&poll=0&question=0`. */
export interface OverlayOptions {
  /** Size of the text in CSS pixels, 10 to 120. */
  size: number;
  /** Maximum number of messages, 1 to 50. */
  max: number;
  /** Time in seconds after which a message disappears, up to 3600; 0 for never. */
  fade: number;
  align: 'left' | 'right';
  messages: boolean;
  pinned: boolean;
  poll: boolean;
  /** Whether the question that a moderator has picked is shown. */
  question: boolean;
}

/** Reads the options. Invalid values are replaced by the defaults, and numbers limited to their range. */
export function overlayOptions(search: string): OverlayOptions {
  const query = new URLSearchParams(search);
  return {
    size: numberOf(query.get('size'), 28, 10, 120),
    max: numberOf(query.get('max'), 12, 1, 50),
    fade: numberOf(query.get('fade'), 0, 0, 3600),
    align: query.get('align') === 'right' ? 'right' : 'left',
    messages: flagOf(query.get('messages')),
    pinned: flagOf(query.get('pinned')),
    poll: flagOf(query.get('poll')),
    question: flagOf(query.get('question')),
  };
}

function numberOf(text: string | null, fallback: number, min: number, max: number): number {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? Math.min(max, Math.max(min, Math.round(value))) : fallback;
}

function flagOf(text: string | null): boolean {
  return text !== '0' && text?.toLowerCase() !== 'false';
}
