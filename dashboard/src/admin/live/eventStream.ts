import type { Api } from '../api';
import { type StreamEnd, pauseAfter } from './backoff';
import { mostRest, parseStream, type StreamMessage } from './sse';

/** A stream that says nothing for so long is gone: the server's heartbeat is every 15 s. */
const silenceMs = 50_000;

interface Listener {
  onMessage: (message: StreamMessage) => void;
  /** Whether what happens is told now; while it is not, somebody has to ask. */
  onOpen: (isOpen: boolean) => void;
  onUnauthorized: () => void;
}

/**
 * Listens to `/api/v1/stream` until it is stopped, and comes back by the last id. Read with `fetch` and not `EventSource`: that way a token can be sent, and the server's no can be told from a line that broke.
 */
export function listen(api: Api, listener: Listener): () => void {
  let stopped = false;
  let abort = new AbortController();
  let timer: number | undefined;
  let lastId = '';
  let failures = 0;

  async function run() {
    const end = await once();
    if (stopped) return;
    listener.onOpen(false);
    const pause = pauseAfter(end, failures, Math.random());
    if (pause !== null) timer = window.setTimeout(() => void run(), pause);
  }

  async function once(): Promise<StreamEnd> {
    abort = new AbortController();
    let silence: number | undefined;
    const heard = () => {
      window.clearTimeout(silence);
      silence = window.setTimeout(() => abort.abort(), silenceMs);
    };
    heard();
    try {
      const response = await api.stream('/stream', lastId, abort.signal);
      if (response.status === 401) listener.onUnauthorized();
      if (response.status === 401 || response.status === 403) return 'forbidden';
      if (!response.ok || response.body === null) {
        failures++;
        return 'refused';
      }
      // Who comes back by an id is told what followed, and no `ready`. Where that cannot be told, `reset` comes.
      if (lastId !== '') opened();
      await read(response.body, heard);
      return 'closed';
    } catch {
      failures++;
      return failures > 1 ? 'refused' : 'closed';
    } finally {
      window.clearTimeout(silence);
    }
  }

  function opened() {
    failures = 0;
    listener.onOpen(true);
  }

  async function read(body: ReadableStream<Uint8Array>, heard: () => void) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || stopped) return;
      heard();
      const piece = parseStream(rest + decoder.decode(value, { stream: true }));
      rest = piece.rest;
      if (piece.id !== null) lastId = piece.id;
      for (const message of piece.messages) {
        if (message.type === 'ready') {
          opened();
        } else {
          listener.onMessage(message);
        }
      }
      if (rest.length > mostRest) return abort.abort();
    }
  }

  void run();
  return () => {
    stopped = true;
    window.clearTimeout(timer);
    abort.abort();
  };
}
