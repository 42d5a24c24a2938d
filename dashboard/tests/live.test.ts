import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Api, Channel } from '../src/admin/api';
import { pauseAfter } from '../src/admin/live/backoff';
import { listen } from '../src/admin/live/eventStream';
import { learn, type LiveNews, type LiveState, nothingKnown } from '../src/admin/live/liveState';
import { parseStream } from '../src/admin/live/sse';

const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', rewind: 'off', live: null };
const input = { role: 'primary', state: 'good', onAir: true, since: '2030-01-01T12:00:00Z', bitsPerSecond: 4_000_000 };
const list = (channels: Channel[], askedAt = 0): LiveNews => ({ kind: 'list', channels, askedAt });
const message = (type: string, name: string | null, data: unknown): LiveNews => ({ kind: 'message', type, data: JSON.stringify({ id: 'evt', type, channel: name, data }) });
const after = (...news: LiveNews[]): LiveState => news.reduce(learn, nothingKnown);

describe('an event stream', () => {
  test('comes apart into messages, and what is not whole stays', () => {
    const parsed = parseStream('retry: 3000\n\nevent: channel.state\ndata: {"a":1}\n\nid: 12\nevent: ready\ndata: {}\n\nid: 13\nevent: x');
    expect(parsed.messages).toEqual([{ type: 'channel.state', data: '{"a":1}' }, { type: 'ready', data: '{}' }]);
    expect(parsed.id).toBe('12');
    expect(parsed.rest).toBe('id: 13\nevent: x');
  });
  test('says by a heartbeat up to where all is known', () => expect(parseStream('id: 99\n:\n\n')).toEqual({ messages: [], id: '99', rest: '' }));
  test('has its id forgotten by a reset', () => expect(parseStream('id: \nevent: reset\ndata: {"reason":"x"}\n\n').id).toBe(''));
  test('may have any line ends, and data of several lines', () => expect(parseStream('data: a\r\ndata:b\r\n\r\n').messages).toEqual([{ type: 'message', data: 'a\nb' }]));
});

describe('listening', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  // What the server answers, one after the other, each answer whole and then at its end; after them nothing is there.
  async function hear(...answers: string[]) {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    const heard: string[] = [];
    const askedBy: string[] = [];
    const stream = (_: string, lastId: string) => {
      const answer = answers[askedBy.length];
      askedBy.push(lastId);
      return Promise.resolve(answer === undefined ? new Response(null, { status: 403 }) : new Response(answer));
    };
    const stop = listen({ stream } as unknown as Api, {
      onMessage: (message) => heard.push(message.type),
      onOpen: (isOpen) => heard.push(isOpen ? 'open' : 'closed'),
      onUnauthorized: () => undefined,
    });
    while (askedBy.length <= answers.length) await vi.advanceTimersByTimeAsync(1000);
    stop();
    return { heard, askedBy };
  }

  test('is told how things stand before it is open', async () => {
    const { heard } = await hear('event: channel.state\ndata: {}\n\nid: 7\nevent: ready\ndata: {}\n\n');
    expect(heard.slice(0, 3)).toEqual(['channel.state', 'open', 'closed']);
  });
  test('is open at once where it comes back by an id: no `ready` follows', async () => {
    const { heard, askedBy } = await hear('id: 7\nevent: ready\ndata: {}\n\n', 'id: 8\nevent: channel.viewers\ndata: {}\n\n');
    expect(askedBy).toEqual(['', '7', '8']);
    expect(heard.slice(0, 5)).toEqual(['open', 'closed', 'open', 'channel.viewers', 'closed']);
  });
  test('begins anew where something was missed', async () => {
    const { heard, askedBy } = await hear('id: 7\nevent: ready\ndata: {}\n\n', 'id: \nevent: reset\ndata: {}\n\n', 'event: channel.state\ndata: {}\n\n');
    expect(askedBy).toEqual(['', '7', '', '']);
    expect(heard.slice(2, 7)).toEqual(['open', 'reset', 'closed', 'channel.state', 'closed']);
  });
});

describe('after a stream has ended', () => {
  test('it is asked for again soon where it was open', () => expect(pauseAfter('closed', 0, 0.5)).toBe(3000));
  test('it is asked for ever more rarely where there is no place', () => {
    const pauses = [1, 2, 3, 9].map((failures) => pauseAfter('refused', failures, 0.5)!);
    expect(pauses).toEqual([6000, 12_000, 24_000, 60_000]);
  });
  test('not all come back at once', () => expect(pauseAfter('closed', 0, 0)).toBeLessThan(pauseAfter('closed', 0, 1)!));
  test('it is not asked for again by who may not hear it', () => expect(pauseAfter('forbidden', 0, 0.5)).toBeNull());
});

describe('what is known of channels', () => {
  test('is their list, and then what the stream tells', () => {
    const state = after(list([{ ...channel, inputs: [input] }]), message('channel.state', 'main', { state: 'live', session: '01', startedAt: '2030-01-01T12:00:00Z', inputs: [{ ...input, bitsPerSecond: undefined, state: 'silent' }] }));
    expect(state.channels![0]).toMatchObject({ title: 'Council', live: { state: 'live', session: '01' } });
    expect(state.channels![0]!.inputs).toEqual([{ ...input, state: 'silent' }]);
  });
  test('is not made old by a list that was asked for before the stream told', () => {
    const live = message('channel.state', 'main', { state: 'live', session: '01', startedAt: null, inputs: [] });
    expect(after(list([channel]), live, list([channel], 0)).channels![0]!.live?.state).toBe('live');
    expect(after(list([channel]), live, list([channel], 1)).channels![0]!.live).toBeNull();
  });
  test('keeps viewers when the state changes, and follows their number', () => {
    const on = list([{ ...channel, live: { state: 'live', session: '01', startedAt: null } }]);
    const state = after(on, message('channel.viewers', 'main', { viewers: 7 }), message('channel.state', 'main', { state: 'waiting', session: '01', startedAt: null }));
    expect(state.channels![0]!.live).toMatchObject({ state: 'waiting', viewers: 7 });
    expect(after(on, message('channel.viewers', 'main', { viewers: null })).channels![0]!.live!.viewers).toBeUndefined();
  });
  test('has what is wrong until nothing is', () => {
    const issue = { code: 'c', severity: 'warning', advice: 'Do this.', since: '' };
    expect(after(message('channel.health', 'main', { issues: [issue, 'x', {}] })).issues.main).toEqual([issue]);
    expect(after(message('channel.health', 'main', { issues: [issue] }), message('channel.health', 'main', { issues: [] })).issues.main).toEqual([]);
  });
  test('is to be read again where the stream tells of a channel that is not in it, or missed something', () => {
    expect(after(list([channel]), message('channel.state', 'new', { state: 'live' })).stale).toBe(1);
    const missed = after(list([channel]), { kind: 'message', type: 'reset', data: '{"reason":"x"}' });
    expect([missed.stale, missed.events]).toEqual([1, 1]);
  });
  test('counts what moves events and what stands in timelines', () => {
    const state = after(list([channel]), message('event.live', 'main', { title: 'x' }), message('publish.started', 'main', {}), message('channel.viewers', 'main', { viewers: 1 }));
    expect([state.events, state.happened.main]).toEqual([1, 2]);
  });
  test.each(['', 'null', '[]', '{"channel":3,"data":{}}', '{"channel":"main"}', '{"channel":"main","data":7}'])('is not changed by %j', (data) => {
    const before = after(list([channel]));
    expect({ ...learn(before, { kind: 'message', type: 'channel.state', data }), turn: 0 }).toEqual({ ...before, turn: 0 });
  });
});
