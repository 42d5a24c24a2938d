/** A server-sent event, as far as it is for us. */
export interface StreamMessage {
  type: string;
  data: string;
}

/** What a piece of an event stream had in it. */
export interface Parsed {
  messages: StreamMessage[];
  /** The last id that was said, by which one reads on; null where none was, empty where it is to be forgotten. */
  id: string | null;
  /** What belongs to a block that is not whole yet. */
  rest: string;
}

/** Most characters of a block that is not whole: nobody sends more than 64 Ki of data. */
export const mostRest = 256 * 1024;

/** Takes whole blocks off the beginning of an event stream (WHATWG HTML, 9.2.6). Comments and `retry` are left out. */
export function parseStream(text: string): Parsed {
  const blocks = text.replace(/\r\n?/g, '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
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
  return { messages, id, rest };
}
