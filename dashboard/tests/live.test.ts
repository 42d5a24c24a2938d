import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Api, Channel } from '../src/admin/api';
import { reconnectDelay } from '../src/admin/live/backoff';
import { subscribe } from '../src/admin/live/eventStream';
import { applyUpdate, type LiveUpdate, type LiveState, initialLiveState } from '../src/admin/live/liveState';
import { parseStream } from '../src/admin/live/sse';

const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', dvrWindow: 'off', live: null };
const input = { role: 'primary', state: 'good', onAir: true, since: '2030-01-01T12:00:00Z', bitsPerSecond: 4_000_000 };
const list = (channels: Channel[], askedAt = 0): LiveUpdate => ({ kind: 'list', channels, askedAt });
const message = (type: string, name: string | null, data: unknown): LiveUpdate => ({
  kind: 'message',
  type,
  data: JSON.stringify({ id: 'evt', type, channel: name, data }),
});
const stateAfter = (...updates: LiveUpdate[]): LiveState => updates.reduce(applyUpdate, initialLiveState);

describe('an event stream', () => {
  test('is parsed into messages, and keeps an incomplete block', () => {
    const parsed = parseStream('retry: 3000\n\nevent: channel.state\ndata: {"a":1}\n\nid: 12\nevent: ready\ndata: {}\n\nid: 13\nevent: x');
    expect(parsed.messages).toEqual([
      { type: 'channel.state', data: '{"a":1}' },
      { type: 'ready', data: '{}' },
    ]);
    expect(parsed.id).toBe('12');
    expect(parsed.remaining).toBe('id: 13\nevent: x');
  });
  test('advances its id with a heartbeat', () => expect(parseStream('id: 99\n:\n\n')).toEqual({ messages: [], id: '99', remaining: '' }));
  test('forgets its id after a reset', () => expect(parseStream('id: \nevent: reset\ndata: {"reason":"x"}\n\n').id).toBe(''));
  test('supports all line endings and data of several lines', () =>
    expect(parseStream('data: a\r\ndata:b\r\n\r\n').messages).toEqual([{ type: 'message', data: 'a\nb' }]));
});

describe('a subscription', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  // The responses of the server in order; each ends the stream. Later requests are rejected.
  async function listenTo(...answers: string[]) {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    const received: string[] = [];
    const lastEventIds: string[] = [];
    const stream = (_: string, lastId: string) => {
      const answer = answers[lastEventIds.length];
      lastEventIds.push(lastId);
      return Promise.resolve(answer === undefined ? new Response(null, { status: 403 }) : new Response(answer));
    };
    const stop = subscribe({ stream } as unknown as Api, {
      onMessage: (message) => received.push(message.type),
      onOpen: (isOpen) => received.push(isOpen ? 'open' : 'closed'),
      onUnauthorized: () => undefined,
    });
    while (lastEventIds.length <= answers.length) await vi.advanceTimersByTimeAsync(1000);
    stop();
    return { received, lastEventIds };
  }

  test('receives the state before it is open', async () => {
    const { received: received } = await listenTo('event: channel.state\ndata: {}\n\nid: 7\nevent: ready\ndata: {}\n\n');
    expect(received.slice(0, 3)).toEqual(['channel.state', 'open', 'closed']);
  });
  test('is open at once after resuming, without `ready`', async () => {
    const { received: received, lastEventIds: lastEventIds } = await listenTo(
      'id: 7\nevent: ready\ndata: {}\n\n',
      'id: 8\nevent: channel.viewers\ndata: {}\n\n',
    );
    expect(lastEventIds).toEqual(['', '7', '8']);
    expect(received.slice(0, 5)).toEqual(['open', 'closed', 'open', 'channel.viewers', 'closed']);
  });
  test('restarts after missed messages', async () => {
    const { received: received, lastEventIds: lastEventIds } = await listenTo(
      'id: 7\nevent: ready\ndata: {}\n\n',
      'id: \nevent: reset\ndata: {}\n\n',
      'event: channel.state\ndata: {}\n\n',
    );
    expect(lastEventIds).toEqual(['', '7', '', '']);
    expect(received.slice(2, 7)).toEqual(['open', 'reset', 'closed', 'channel.state', 'closed']);
  });
});

describe('after the end of a stream', () => {
  test('a closed one reconnects soon', () => expect(reconnectDelay('closed', 0, 0.5)).toBe(3000));
  test('a refused one reconnects with growing delays', () => {
    const pauses = [1, 2, 3, 9].map((failures) => reconnectDelay('refused', failures, 0.5)!);
    expect(pauses).toEqual([6000, 12_000, 24_000, 60_000]);
  });
  test('delays are randomized', () => expect(reconnectDelay('closed', 0, 0)).toBeLessThan(reconnectDelay('closed', 0, 1)!));
  test('a forbidden one does not reconnect', () => expect(reconnectDelay('forbidden', 0, 0.5)).toBeNull());
});

describe('the live state', () => {
  test('is the channel list, updated by the stream', () => {
    const state = stateAfter(
      list([{ ...channel, inputs: [input] }]),
      message('channel.state', 'main', {
        state: 'live',
        session: '01',
        startedAt: '2030-01-01T12:00:00Z',
        inputs: [{ ...input, bitsPerSecond: undefined, state: 'silent' }],
      }),
    );
    expect(state.channels![0]).toMatchObject({ title: 'Council', live: { state: 'live', session: '01' } });
    expect(state.channels![0]!.inputs).toEqual([{ ...input, state: 'silent' }]);
  });
  test('ignores a list that is older than the stream’s state', () => {
    const live = message('channel.state', 'main', { state: 'live', session: '01', startedAt: null, inputs: [] });
    expect(stateAfter(list([channel]), live, list([channel], 0)).channels![0]!.live?.state).toBe('live');
    expect(stateAfter(list([channel]), live, list([channel], 1)).channels![0]!.live).toBeNull();
  });
  test('keeps the number of viewers when the state changes', () => {
    const on = list([{ ...channel, live: { state: 'live', session: '01', startedAt: null } }]);
    const state = stateAfter(
      on,
      message('channel.viewers', 'main', { viewers: 7 }),
      message('channel.state', 'main', { state: 'waiting', session: '01', startedAt: null }),
    );
    expect(state.channels![0]!.live).toMatchObject({ state: 'waiting', viewers: 7 });
    expect(stateAfter(on, message('channel.viewers', 'main', { viewers: null })).channels![0]!.live!.viewers).toBeUndefined();
  });
  test('contains health issues until they are resolved', () => {
    const issue = { code: 'c', severity: 'warning', advice: 'Do this.', since: '' };
    expect(stateAfter(message('channel.health', 'main', { issues: [issue, 'x', {}] })).issues.main).toEqual([issue]);
    expect(
      stateAfter(message('channel.health', 'main', { issues: [issue] }), message('channel.health', 'main', { issues: [] })).issues.main,
    ).toEqual([]);
  });
  test('requests a new list for unknown channels and missed messages', () => {
    expect(stateAfter(list([channel]), message('channel.state', 'new', { state: 'live' })).listRevision).toBe(1);
    const missed = stateAfter(list([channel]), { kind: 'message', type: 'reset', data: '{"reason":"x"}' });
    expect([missed.listRevision, missed.eventsRevision]).toEqual([1, 1]);
  });
  test('counts event and activity messages', () => {
    const state = stateAfter(
      list([channel]),
      message('event.live', 'main', { title: 'x' }),
      message('publish.started', 'main', {}),
      message('channel.viewers', 'main', { viewers: 1 }),
    );
    expect([state.eventsRevision, state.activityRevisions.main]).toEqual([1, 2]);
  });
  test.each(['', 'null', '[]', '{"channel":3,"data":{}}', '{"channel":"main"}', '{"channel":"main","data":7}'])('ignores %j', (data) => {
    const before = stateAfter(list([channel]));
    expect({ ...applyUpdate(before, { kind: 'message', type: 'channel.state', data }), revision: 0 }).toEqual({ ...before, revision: 0 });
  });
});
