/** A server-sent event, reduced to type and data. */
export interface StreamMessage {
  type: string;
  data: string;
}

/** Parsed blocks of an event stream. */
export interface ParsedStream {
  messages: StreamMessage[];
  /** The last event id, used to resume; null if none was sent, empty if it must be forgotten. */
  id: string | null;
  /** The incomplete last block. */
  remaining: string;
}

/** Maximum length of an incomplete block. The server sends at most 64 Ki of data. */
export const maxPendingChars = 256 * 1024;

/** Parses the complete blocks of an event stream (WHATWG HTML, 9.2.6). Ignores comments and `retry`. */
export function parseStream(text: string): ParsedStream {
  const blocks = text.replace(/\r\n?/g, '\n').split('\n\n');
  const remaining = blocks.pop() ?? '';
  const messages: StreamMessage[] = [];
  let id: string | null = null;
  for (const block of blocks) {
    let type = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
      if (field === 'event') type = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
    if (data.length > 0) messages.push({ type, data: data.join('\n') });
  }
  return { messages, id, remaining };
}
