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
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Whether the page reports an unknown channel after each response. */
async function unknownFlags(...responses: Answer[]): Promise<(boolean | 'silent')[]> {
  answers = [...responses];
  const results: (boolean | 'silent')[] = [];
  let resolveNext: () => void = () => undefined;
  const poller = new StatusPoller(
    '/live/main/status.json',
    () => false,
    (report) => {
      results.push(report.kind === 'answer' ? report.isUnknown === true : 'silent');
      resolveNext();
    },
  );
  for (const _ of responses) {
    const next = new Promise<void>((resolve) => {
      resolveNext = resolve;
    });
    poller.poll();
    await next;
  }
  return results;
}

describe('an unknown channel', () => {
  test('is reported at once if it was never known', async () => expect(await unknownFlags(404, 404)).toEqual([true, true]));
  test('is reported for a known channel only after repeated responses', async () => {
    expect(await unknownFlags('live', 404, 404, 404, 404, 'live')).toEqual([false, false, false, true, true, false]);
  });
  test('is confirmed anew each time', async () =>
    expect(await unknownFlags('live', 404, 404, 'live', 404, 404)).toEqual([false, false, false, false, false, false]));
  test('is confirmed across failed polls', async () =>
    expect(await unknownFlags('live', 404, 404, 503, 404)).toEqual([false, false, false, 'silent', true]));
});
