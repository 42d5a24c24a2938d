import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StatusPoller } from '../src/player/statusPoller';

type Answer = 'live' | 404 | 503;
let answers: Answer[] = [];

beforeEach(() => {
  vi.stubGlobal('window', { setTimeout: () => 0, clearTimeout: () => undefined });
  vi.stubGlobal('fetch', () => {
    const answer = answers.shift();
    return Promise.resolve(typeof answer === 'number' ? new Response(null, { status: answer }) : Response.json({ state: answer }));
  });
});
afterEach(() => { vi.unstubAllGlobals(); });

/** Whether the page says after each answer that there is no such channel. */
async function unknownAfter(...said: Answer[]): Promise<(boolean | 'silent')[]> {
  answers = [...said];
  const seen: (boolean | 'silent')[] = [];
  let heard: () => void = () => undefined;
  const poller = new StatusPoller('/live/main/status.json', () => false, (report) => {
    seen.push(report.kind === 'answer' ? report.isUnknown === true : 'silent');
    heard();
  });
  for (const _ of said) {
    const next = new Promise<void>((resolve) => { heard = resolve; });
    poller.ask();
    await next;
  }
  return seen;
}

describe('that there is no such channel', () => {
  test('is believed at once where nothing was ever known of it', async () => expect(await unknownAfter(404, 404)).toEqual([true, true]));
  test('is not believed of one that was just there, unless it is said again and again', async () => {
    expect(await unknownAfter('live', 404, 404, 404, 404, 'live')).toEqual([false, false, false, true, true, false]);
  });
  test('is doubted anew each time', async () => expect(await unknownAfter('live', 404, 404, 'live', 404, 404)).toEqual([false, false, false, false, false, false]));
  test('counts on over a server that did not answer', async () => expect(await unknownAfter('live', 404, 404, 503, 404)).toEqual([false, false, false, 'silent', true]));
});
