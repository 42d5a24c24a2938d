import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ChatMessage } from '../src/chat/chatFeed';
import { ChatHistory, parseSpan } from '../src/chat/chatHistory';
import { type ChatMode, type ChatSituation, chatMode, isSameMode } from '../src/chat/chatMode';
import { ChatTimeline, type TimelineChanges, contextMinutes, noChanges, refreshMs } from '../src/chat/chatTimeline';

/** A minute in the past, and the time of one of its seconds. */
const base = 29_539_440;
const at = (seconds: number) => base * 60_000 + seconds * 1000;
const message = (seconds: number, id = `${seconds}`): ChatMessage => ({
  id, from: 'abcdef0123', name: 'Ada', text: id, replyTo: null, time: at(seconds), role: null, isAnnouncement: false,
});

/** What a page displays that applies all changes. */
function display(timeline: ChatTimeline) {
  let shown: string[] = [];
  let resets = 0;
  return {
    move(seconds: number): string[] {
      const { reset, added, removed } = timeline.update(at(seconds));
      if (reset) [shown, resets] = [[], resets + 1];
      shown = [...shown.filter((id) => !removed.includes(id)), ...added.map(({ id }) => id)];
      return shown;
    },
    get resets() {
      return resets;
    },
  };
}

/** Loads what is wanted: a message every ten seconds. */
function load(timeline: ChatTimeline, now = 0): number[] {
  const wanted = timeline.wanted(now);
  for (const minute of wanted) {
    const first = (minute - base) * 60;
    timeline.store(minute, Array.from({ length: 6 }, (_, index) => message(first + index * 10)), now);
  }
  return wanted.map((minute) => minute - base);
}

describe('the timeline', () => {
  test('shows the messages up to the position, with the minutes before', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    expect(page.move(605)).toEqual([]);
    expect(timeline.isLoading).toBe(true);
    expect(load(timeline)).toEqual([10, 9, 8]);
    expect(timeline.isLoading).toBe(false);
    expect(page.move(605)).toEqual(['480', '490', '500', '510', '520', '530', '540', '550', '560', '570', '580', '590', '600']);
    expect(timeline.update(at(605))).toBe(noChanges);
  });

  test.each([0.5, 1, 2, 4])('continues with playback at rate %d without a reset or a gap, and loads the next minute before', (rate) => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(600);
    load(timeline);
    page.move(600);
    const { resets } = page;
    for (let seconds = 600; seconds < 1800; seconds += rate / 4) {
      load(timeline);
      expect(timeline.isLoading).toBe(false);
      const shown = page.move(seconds);
      expect(shown.at(-1)).toBe(`${Math.floor(seconds / 10) * 10}`);
      expect(new Set(shown).size).toBe(shown.length);
    }
    expect(page.resets).toBe(resets);
    expect(page.move(1800).filter((id) => Number(id) >= 600)).toHaveLength(121);
  });

  test('removes what is after the position when the viewer seeks back a little', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(655);
    load(timeline);
    expect(page.move(655).at(-1)).toBe('650');
    const { resets } = page;
    expect(page.move(625).at(-1)).toBe('620');
    expect(page.resets).toBe(resets);
    expect(timeline.update(at(655)).added.map(({ id }) => id)).toEqual(['630', '640', '650']);
  });

  test('starts again when the viewer seeks far, in both directions', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(600);
    load(timeline);
    page.move(600);
    for (const target of [86_400, 0, 3600]) {
      const { resets } = page;
      expect(page.move(target)).toEqual([]);
      expect(page.resets).toBe(resets + 1);
      expect(timeline.isLoading).toBe(true);
      load(timeline);
      const shown = page.move(target);
      expect(shown.at(-1)).toBe(`${target}`);
      expect(shown[0]).toBe(`${target - contextMinutes * 60}`);
    }
  });

  test('ignores minutes that arrive after the viewer has sought away', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(600);
    page.move(7200);
    timeline.store(base + 10, [message(600)], 0);
    expect(timeline.needs(base + 10)).toBe(false);
    expect(page.move(7200)).toEqual([]);
    load(timeline);
    expect(page.move(7200)[0]).toBe('7080');
  });

  test('inserts earlier minutes that arrive later', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(600);
    timeline.store(base + 10, [message(600)], 0);
    expect(page.move(600)).toEqual(['600']);
    timeline.store(base + 9, [message(599), message(541)], 0);
    expect(page.move(600)).toEqual(['541', '599', '600']);
  });

  test('drops removed messages, also when a cache still has them, and shows those that are restored', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(630);
    load(timeline);
    page.move(630);
    const { resets } = page;
    timeline.remove(new Set(['610', '640']));
    expect(page.move(630)).not.toContain('610');
    expect(page.resets).toBe(resets);
    timeline.store(base + 10, [message(600), message(610), message(620)], 0);
    expect(page.move(635)).not.toContain('610');
    timeline.add([message(610)], 0);
    expect(page.move(635).slice(-3)).toEqual(['600', '610', '620']);
  });

  test('reads displayed minutes again, and then no longer shows what was removed', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(610);
    load(timeline);
    page.move(610);
    expect(timeline.wanted(refreshMs - 1)).toEqual([]);
    expect(timeline.wanted(refreshMs).map((minute) => minute - base)).toEqual([10, 9, 8]);
    timeline.store(base + 10, [message(610)], refreshMs);
    expect(page.move(610).slice(-2)).toEqual(['590', '610']);
  });

  test('adds messages that arrive live, and keeps them when a cache does not have them yet', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    page.move(610);
    timeline.add([message(605, 'early')], 0);
    load(timeline);
    timeline.add([message(609, 'own'), message(609, 'own'), message(7200, 'at live')], 0);
    expect(page.move(610).slice(-4)).toEqual(['600', 'early', 'own', '610']);
    load(timeline, refreshMs - 1);
    timeline.store(base + 10, [message(600)], refreshMs - 1);
    expect(page.move(610).slice(-3)).toEqual(['600', 'early', 'own']);
    timeline.store(base + 10, [message(600)], refreshMs + 1);
    expect(page.move(610).at(-1)).toBe('600');
  });

  test('wants nothing outside of its range', () => {
    const timeline = new ChatTimeline();
    timeline.setRange(base + 1, base + 2);
    timeline.update(at(30));
    expect(timeline.wanted(0).map((minute) => minute - base)).toEqual([1]);
    expect(timeline.isLoading).toBe(false);
    timeline.update(at(170));
    expect(timeline.wanted(0).map((minute) => minute - base)).toEqual([2, 1]);
  });

  test('keeps few minutes in memory, and their messages on display', () => {
    const timeline = new ChatTimeline();
    const page = display(timeline);
    for (let seconds = 0; seconds < 3600; seconds += 5) {
      page.move(seconds);
      load(timeline);
    }
    expect(page.resets).toBeLessThan(3);
    timeline.remove(new Set(['3500']));
    expect(page.move(3600)).not.toContain('3500');
    expect(timeline.needs(base + 40)).toBe(false);
  });
});

describe('the history', () => {
  afterEach(() => vi.restoreAllMocks());

  const flush = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
  const root = '/live/main/A/chat/at/';
  const textOf = (value: ChatMessage) => ({ ...value, time: new Date(value.time).toISOString() });

  function start(source: ConstructorParameters<typeof ChatHistory>[0], answer: (url: string) => unknown) {
    const requests: { url: string; signal: AbortSignal }[] = [];
    const history = new ChatHistory(source, (url, signal) => {
      requests.push({ url, signal });
      const body = answer(url);
      return body instanceof Error ? Promise.reject(body) : body instanceof Promise ? body : Promise.resolve(body);
    });
    return { history, requests, urls: () => requests.map(({ url }) => url) };
  }

  const ids = ({ added }: TimelineChanges) => added.map(({ id }) => id);

  test('loads the minutes around the position once', async () => {
    const { history, urls } = start({ minutes: root, first: base }, () => ({ messages: [textOf(message(601)), textOf(message(630))] }));
    expect(history.isAvailable).toBe(true);
    history.tick(at(605), 0);
    history.tick(at(605), 100);
    expect(history.state).toBe('loading');
    expect(urls()).toEqual([10, 9, 8].map((minute) => `${root}${base + minute}.json`));
    await flush();
    expect(ids(history.tick(at(605), 200))).toContain('601');
    expect(history.state).toBe('messages');
    expect(urls()).toHaveLength(3);
    expect(history.tick(null, 300)).toBe(noChanges);
  });

  test('has nothing to show in minutes without messages, or that do not exist yet, and asks for these again', async () => {
    const { history, urls } = start({ minutes: root, first: base }, (url) => (url.includes(`${base + 10}`) ? null : { messages: [] }));
    history.tick(at(605), 0);
    await flush();
    history.tick(at(605), 1000);
    expect(history.state).toBe('none');
    expect(urls()).toHaveLength(3);
    history.tick(at(605), 5000);
    expect(urls().slice(3)).toEqual([`${root}${base + 10}.json`]);
  });

  test('waits after an error, longer each time, and retries on request', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    let isLost = true;
    const { history, requests } = start({ minutes: root, first: base + 10 }, () =>
      isLost ? new Error('503') : { messages: [textOf(message(600))] },
    );
    history.tick(at(605), 0);
    await flush();
    expect(history.state).toBe('error');
    history.tick(at(605), 1999);
    expect(requests).toHaveLength(1);
    history.tick(at(605), 2000);
    await flush();
    history.tick(at(605), 5999);
    expect(requests).toHaveLength(2);
    isLost = false;
    history.retry();
    history.tick(at(605), 6000);
    await flush();
    expect(ids(history.tick(at(605), 6001))).toEqual(['600']);
    expect(history.state).toBe('messages');
  });

  test('cancels requests for minutes that the viewer has left', async () => {
    const { history, requests } = start({ minutes: root, first: base }, () => new Promise(() => undefined));
    history.tick(at(600), 0);
    history.tick(at(7200), 100);
    expect(requests.map(({ signal }) => signal.aborted)).toEqual([true, true, true, false, false, false]);
    history.stop();
    expect(requests.every(({ signal }) => signal.aborted)).toBe(true);
    history.tick(at(0), 200);
    await flush();
    expect(requests).toHaveLength(6);
  });

  test('of a recording is known after its range was read', async () => {
    let span: unknown = { first: base + 10, last: base + 20 };
    const source = { minutes: '/vod/R/chat/', span: '/vod/R/chat.json' };
    const { history, urls } = start(source, (url) => (url === source.span ? span : { messages: [] }));
    expect(history.isAvailable).toBe(false);
    history.tick(null, 0);
    await flush();
    expect(history.isAvailable).toBe(true);
    history.tick(at(615), 10);
    expect(urls()).toEqual([source.span, `/vod/R/chat/${base + 10}.json`]);

    // A recording in progress.
    span = { first: base + 10, last: base + 30 };
    history.tick(at(1300), 59_999);
    expect(urls().filter((url) => url === source.span)).toHaveLength(1);
    history.tick(at(1300), 60_000);
    await flush();
    history.tick(at(1300), 60_100);
    expect(urls()).toContain(`/vod/R/chat/${base + 21}.json`);
  });

  test('of a recording without chat stays hidden', async () => {
    const { history, urls } = start({ minutes: '/vod/R/chat/', span: '/vod/R/chat.json' }, () => null);
    history.tick(at(0), 0);
    await flush();
    history.tick(at(0), 1000);
    expect(history.isAvailable).toBe(false);
    expect(urls()).toEqual(['/vod/R/chat.json']);
  });

  test('checks ranges', () => {
    expect(parseSpan({ first: 1, last: 1 })).toEqual({ first: 1, last: 1 });
    for (const body of [null, 1, {}, { first: 2, last: 1 }, { first: 1.5, last: 2 }, { first: '1', last: 2 }])
      expect(parseSpan(body)).toBeNull();
  });
});

describe('the mode', () => {
  const live: ChatSituation = {
    liveRoot: '/t/x/live/main', recording: null, hasChat: true, session: 'A', startedAt: new Date(at(70)), secondsToLive: 2,
  };
  const past = { kind: 'past', minutes: '/t/x/live/main/A/chat/at/', first: base + 1 };

  test('is past far behind the live edge, and live near it', () => {
    let mode: ChatMode = { kind: 'none' };
    const kinds = [2, 30, 31, 20, 16, 14, 20, 30, 600].map((secondsToLive) => {
      mode = chatMode({ ...live, secondsToLive }, mode);
      return mode.kind;
    });
    expect(kinds).toEqual(['live', 'live', 'past', 'past', 'past', 'live', 'live', 'live', 'past']);
    expect(mode).toEqual(past);
    expect(chatMode({ ...live, secondsToLive: null }, mode)).toEqual(past);
    expect(chatMode({ ...live, secondsToLive: null }, { kind: 'live' })).toEqual({ kind: 'live' });
  });

  test('of a recording reads beside its playlist', () => {
    const recording = '/t/x/vod/R/index.m3u8';
    const mode = chatMode({ ...live, recording, session: null }, { kind: 'live' });
    expect(mode).toEqual({ kind: 'replay', span: '/t/x/vod/R/chat.json', minutes: '/t/x/vod/R/chat/' });
    expect(isSameMode(mode, { ...mode })).toBe(true);
    expect(isSameMode(mode, chatMode({ ...live, recording: '/vod/S/index.m3u8' }, mode))).toBe(false);
  });

  test('is none without chat or session', () => {
    expect(chatMode({ ...live, hasChat: false }, { kind: 'live' })).toEqual({ kind: 'none' });
    expect(chatMode({ ...live, session: null }, { kind: 'live' })).toEqual({ kind: 'none' });
    expect(isSameMode({ kind: 'live' }, { kind: 'none' })).toBe(false);
    expect(isSameMode(chatMode({ ...live, session: 'B', secondsToLive: 60 }, { kind: 'live' }), past as ChatMode)).toBe(false);
  });
});
