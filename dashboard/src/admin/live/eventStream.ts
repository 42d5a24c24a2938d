import type { Api } from '../api';
import { type StreamEnd, reconnectDelay } from './backoff';
import { maxPendingChars, parseStream, type StreamMessage } from './sse';

/** Idle streams are closed after this time; the server sends a heartbeat every 15 s. */
const idleTimeoutMs = 50_000;

interface Listener {
  onMessage: (message: StreamMessage) => void;
  /** Whether the stream is open. The caller polls while it is not. */
  onOpen: (isOpen: boolean) => void;
  onUnauthorized: () => void;
}

/**
 * Subscribes to `/api/v1/stream` until stopped, and resumes after the last event id.
 * Uses `fetch` instead of `EventSource`, to send a token and to distinguish error responses from network failures.
 */
export function subscribe(api: Api, listener: Listener): () => void {
  let stopped = false;
  let abort = new AbortController();
  let timer: number | undefined;
  let lastId = '';
  let failures = 0;

  async function connectLoop() {
    const streamEnd = await connect();
    if (stopped) return;
    listener.onOpen(false);
    const delay = reconnectDelay(streamEnd, failures, Math.random());
    if (delay !== null) timer = window.setTimeout(() => void connectLoop(), delay);
  }

  async function connect(): Promise<StreamEnd> {
    abort = new AbortController();
    let idleTimer: number | undefined;
    const resetIdleTimer = () => {
      window.clearTimeout(idleTimer);
      idleTimer = window.setTimeout(() => abort.abort(), idleTimeoutMs);
    };
    resetIdleTimer();
    try {
      const response = await api.stream('/stream', lastId, abort.signal);
      if (response.status === 401) listener.onUnauthorized();
      if (response.status === 401 || response.status === 403) return 'forbidden';
      if (!response.ok || response.body === null) {
        failures++;
        return 'refused';
      }
      // A resumed stream starts with the missed events, without `ready`. If they are unavailable, `reset` follows.
      if (lastId !== '') onConnected();
      await read(response.body, resetIdleTimer);
      return 'closed';
    } catch {
      failures++;
      return failures > 1 ? 'refused' : 'closed';
    } finally {
      window.clearTimeout(idleTimer);
    }
  }

  function onConnected() {
    failures = 0;
    listener.onOpen(true);
  }

  async function read(body: ReadableStream<Uint8Array>, resetIdleTimer: () => void) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let remaining = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || stopped) return;
      resetIdleTimer();
      const parsed = parseStream(remaining + decoder.decode(value, { stream: true }));
      remaining = parsed.remaining;
      if (parsed.id !== null) lastId = parsed.id;
      for (const message of parsed.messages) {
        if (message.type === 'ready') {
          onConnected();
        } else {
          listener.onMessage(message);
        }
      }
      if (remaining.length > maxPendingChars) return abort.abort();
    }
  }

  void connectLoop();
  return () => {
    stopped = true;
    window.clearTimeout(timer);
    abort.abort();
  };
}
