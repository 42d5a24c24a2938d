import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatFeed, type ChatMessage, type ChatNews, parseBatch, parseList, parseState } from '../src/chat/chatFeed';
import { parseQuestions } from '../src/chat/chatQuestions';
import { compact, ReactionTaps } from '../src/chat/chatReactions';
import { mentions } from '../src/chat/chatRow';
import { emojis, replaceShortCodes } from '../src/chat/emoji';
import { HeldMessages, maxHoldMs } from '../src/chat/heldMessages';

const message = (id: string, time = 0): ChatMessage =>
  ({ id, from: 'abcdef0123', name: 'Ada', text: id, replyTo: null, time, role: null, isAnnouncement: false });

describe('responses', () => {
  test('are checked', () => {
    expect(parseList({ session: 'A', first: 1, last: 3 })).toMatchObject({ session: 'A', first: 1, last: 3 });
    for (const body of [null, [], {}, { session: 1, first: 1, last: 1 }, { session: 'A', first: 1, last: -1 }, { session: 'A', first: 1 }])
      expect(parseList(body)).toBeNull();
    const time = '2026-11-27T19:30:00Z';
    const good = { id: '1-0', from: 'a', name: 'Ada', text: 'x', time };
    expect(
      parseBatch({
        messages: [good, { ...good, text: 1 }, null, { ...good, time: 'now' }, { ...good, replyTo: '1-1' }],
        removed: ['1-2', 3],
      }),
    ).toEqual({
      messages: [
        { id: '1-0', from: 'a', name: 'Ada', text: 'x', replyTo: null, time: Date.parse(time), role: null, isAnnouncement: false },
        { id: '1-0', from: 'a', name: 'Ada', text: 'x', replyTo: '1-1', time: Date.parse(time), role: null, isAnnouncement: false },
      ],
      removed: ['1-2'],
      reactions: {},
    });
    expect(parseBatch('x')).toEqual({ messages: [], removed: [], reactions: {} });
    expect(parseBatch({ reactions: { '👏': 3, x: 'y', z: -1 } }).reactions).toEqual({ '👏': 3 });
  });
});

describe('the state', () => {
  test('has defaults, and omits what is invalid', () => {
    expect(parseState(undefined)).toEqual({
      slowSeconds: 0, membersOnly: false, frozen: false, reviewed: false, pinned: null, poll: null, reactions: true, questions: null,
    });
    const poll = { id: 'P', question: 'Encore?', options: [{ text: 'Yes', votes: 2 }], endsAt: '2026-01-01T00:00:00Z' };
    expect(parseState({ slowSeconds: 5, frozen: true, reactions: false, questions: 7, poll })).toMatchObject({
      slowSeconds: 5, frozen: true, reactions: false, questions: 7, poll: { ...poll, endsAt: Date.parse(poll.endsAt) },
    });
    for (const wrong of [{ ...poll, id: 1 }, { ...poll, options: [{ text: 'Yes' }] }, { ...poll, options: {} }])
      expect(parseState({ poll: wrong, slowSeconds: -1 })).toMatchObject({ poll: null, slowSeconds: 0 });
  });
});

describe('questions', () => {
  test('are checked', () => {
    const good = { id: 'A', name: 'Ada', text: 'Why?', state: 'open', votes: 1 };
    expect(parseQuestions({ questions: [good, { ...good, state: 'held' }, { ...good, votes: 'x' }, null] })).toEqual([good]);
    for (const body of [null, [], {}, { questions: 1 }]) expect(parseQuestions(body)).toEqual([]);
  });
});

describe('text', () => {
  test('short codes become emoji', () => {
    expect(replaceShortCodes('well done :clap::heart: :unknown: 10:30:45')).toBe('well done 👏❤️ :unknown: 10:30:45');
    expect(new Set(emojis.map(([code]) => code)).size).toBe(emojis.length);
  });

  test('mentions are found as whole names', () => {
    expect(mentions('hello @Ada!', 'ada')).toBe(true);
    expect(mentions('hello @Adam and @ada', 'Ada')).toBe(true);
    for (const text of ['hello Ada', 'hello @Adam', '@', '@ada_1']) expect(mentions(text, 'Ada')).toBe(false);
  });
});

describe('reactions', () => {
  test('are counted until they are sent', () => {
    const taps = new ReactionTaps();
    expect(taps.take()).toBeNull();
    for (let i = 0; i < 30; i++) taps.add('👏');
    taps.add('🔥');
    expect(taps.take()).toEqual({ '👏': 20, '🔥': 1 });
    expect(taps.take()).toBeNull();
  });

  test('have short counts', () => {
    expect([7, 999, 1000, 1250, 9999, 12_345].map(compact)).toEqual(['7', '999', '1k', '1.2k', '9.9k', '12k']);
  });
});

describe('the feed', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', { setTimeout, clearTimeout });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Answers lists in order; batches name their number. After the last list, requests stay open. */
  function start(...lists: (object | Error)[]): { news: ChatNews[]; urls: string[]; states: boolean[]; feed: ChatFeed } {
    const [news, urls, states]: [ChatNews[], string[], boolean[]] = [[], [], []];
    const feed = new ChatFeed(
      '/live/main',
      (one) => news.push(one),
      (state) => states.push(state),
      (url) => {
        urls.push(url);
        if (!url.includes('chat.json')) {
          const number = /(\d+)\.json$/.exec(url)?.[1] ?? '';
          return Promise.resolve({ messages: [{ ...message(`${number}-0`), time: '2026-01-01T00:00:00Z' }] });
        }
        const next = lists.shift();
        if (next === undefined) return new Promise(() => undefined);
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
    );
    feed.start();
    return { news, urls, states, feed };
  }

  const list = (last: number, session = 'A') => ({ session, first: 1, last });
  const ids = (news: ChatNews[]) => news.map((one) => one.messages.map(({ id }) => id));

  test('reads the newest batches, then each new one', async () => {
    const { news, urls } = start(list(2), list(3));
    await vi.advanceTimersByTimeAsync(0);
    expect(ids(news)).toEqual([['1-0', '2-0'], ['3-0']]);
    expect(news.map(({ reset }) => reset)).toEqual([true, false]);
    expect(urls.filter((url) => url.includes('chat.json'))).toEqual([
      '/live/main/chat.json',
      '/live/main/chat.json?after=2',
      '/live/main/chat.json?after=3',
    ]);
  });

  test('does not request batches that the list includes, unless they are not all that it needs', async () => {
    const included = (...numbers: number[]) => ({
      ...list(numbers.at(-1) ?? 0),
      batches: numbers.map((number) => ({ messages: [{ ...message(`${number}-9`), time: '2026-01-01T00:00:00Z' }] })),
    });
    const { news, urls } = start(included(2), included(3, 4), included(7), { ...included(1, 2), session: 'B' });
    await vi.advanceTimersByTimeAsync(0);
    expect(ids(news)).toEqual([['1-0', '2-0'], ['3-9', '4-9'], ['5-0', '6-0', '7-0'], ['1-0', '2-0']]);
    expect(urls).not.toContain('/live/main/A/chat/3.json');
    expect(urls.at(-1)).toBe('/live/main/chat.json?after=2');
  });

  test('begins with the last thirty of many, and again in another session', async () => {
    const { news, urls } = start(list(1000), list(2, 'B'));
    await vi.advanceTimersByTimeAsync(0);
    expect(ids(news)[0]).toHaveLength(30);
    expect(ids(news)[0]?.at(-1)).toBe('1000-0');
    expect(ids(news)[1]).toEqual(['1-0', '2-0']);
    expect(news[1]?.reset).toBe(true);
    expect(urls).toContain('/live/main/B/chat/1.json');
  });

  test('waits after a response without news and after errors', async () => {
    const { urls, states } = start(list(1), list(1), new Error('503'), new Error('503'), list(2));
    const requests = () => urls.filter((url) => url.includes('chat.json')).length;
    await vi.advanceTimersByTimeAsync(0);
    expect(requests()).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests()).toBe(3);
    expect(states.at(-1)).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests()).toBe(6);
    expect(states.at(-1)).toBe(true);
  });

  test('ends when it is stopped', async () => {
    const { urls, feed } = start(list(1), list(1), list(2), list(3));
    await vi.advanceTimersByTimeAsync(0);
    feed.stop();
    const count = urls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(urls).toHaveLength(count);
  });
});

describe('messages of senders who are ahead', () => {
  test('wait for the player, in order, and not longer than the limit', () => {
    const held = new HeldMessages();
    held.add([message('1', 1000), message('2', 5000), message('3', 2000)], 0);
    expect(held.take(1500, 0).map(({ id }) => id)).toEqual(['1']);
    expect(held.take(4000, 10)).toEqual([]);
    expect(held.take(5000, 20).map(({ id }) => id)).toEqual(['2', '3']);
    held.add([message('4', 9000)], 100);
    expect(held.take(5000, 100)).toEqual([]);
    expect(held.take(5000, 100 + maxHoldMs).map(({ id }) => id)).toEqual(['4']);
    held.add([message('5', 9000), message('6', 9000)], 0);
    held.remove(new Set(['5']));
    expect(held.take(null, 0).map(({ id }) => id)).toEqual(['6']);
  });

  test('are shown at once to a viewer who is far behind, as in the DVR window', () => {
    const held = new HeldMessages();
    held.add([message('1', 10_000_000)], 0);
    expect(held.take(1000, 0)).toHaveLength(1);
  });
});

describe('colors of names', () => {
  const css = readFileSync(new URL('../src/chat/chat.css', import.meta.url), 'utf8');
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const found = [...css.matchAll(/--chat-\d: (#[0-9a-f]{6})/g)].map(([, color = '']) => color);

  test('are readable in both schemes', () => {
    expect(found).toHaveLength(16);
    for (const color of found.slice(0, 8)) expect((luminance(color) + 0.05) / (luminance('#151922') + 0.05), color).toBeGreaterThan(4.5);
    for (const color of found.slice(8)) expect(1.05 / (luminance(color) + 0.05), color).toBeGreaterThan(4.5);
  });
});
