import { describe, expect, test } from 'vitest';
import { offline } from '../src/player/broadcast';
import type { Engine } from '../src/player/engine';
import { speeds } from '../src/player/speed';
import type { Picture } from '../src/player/state';
import { type Scene, viewOf } from '../src/player/view';

const engine = { secondsToLive: 1.5, pictureDate: new Date(1_000_000), timeline: null } as unknown as Engine;
const seen = (phase: Picture['phase'], with_: Partial<Scene> = {}) => viewOf({
  channel: 'main', mode: 'live', report: { kind: 'answer', broadcast: { ...offline, state: 'live', session: 'A' } }, picture: { phase, session: 'A', failure: null },
  engine, shown: true, wantsPlay: true, needsTap: false, behindLive: false, stalledFor: 0, now: 1_003_000, position: 12, line: { notice: null }, sound: { mutedByBrowser: false },
  choices: { speed: 1, captions: { tracks: [], chosen: -1 } }, ...with_,
});

describe('what is drawn', () => {
  test('of a picture that runs at live is how far behind the world it is', () => {
    expect(seen('playing')).toMatchObject({ state: 'live', latency: 3, secondsToLive: 1.5, behindLive: false, buffering: false, speeds: [] });
  });
  test('of one that hesitates is that it buffers', () => {
    expect(seen('playing', { stalledFor: 700 }).buffering).toBe(false);
    expect(seen('playing', { stalledFor: 701 }).buffering).toBe(true);
    expect(seen('held', { stalledFor: 60_000 }).buffering).toBe(false);
  });
  test('of a wait for a slow line is why, unless the viewer stopped it', () => {
    const line = { notice: 'only' } as const;
    expect(seen('playing', { line }).lineNotice).toBe('only');
    expect(seen('held', { line, wantsPlay: false }).lineNotice).toBeNull();
    expect(seen('held', { line, needsTap: true }).lineNotice).toBeNull();
  });
  test('of a pause at live is that one falls behind, and no latency', () => expect(seen('held')).toMatchObject({ behindLive: true, latency: null }));
  test('behind live offers all speeds', () => expect(seen('playing', { behindLive: true })).toMatchObject({ behindLive: true, speeds }));
  test('of a recording has nothing to do with live', () => {
    expect(seen('held', { mode: 'replay' })).toMatchObject({ state: 'replay', behindLive: false, secondsToLive: null, latency: null, speeds });
  });
  test('before anything is attached offers nothing', () => {
    expect(seen('none', { engine: null, shown: false })).toMatchObject({ state: 'starting', secondsToLive: null, latency: null, timeline: null, speeds: [] });
  });
  test('waits for the viewer where nothing may play unasked', () => {
    expect(seen('held', { needsTap: true })).toMatchObject({ wantsPlay: false, needsTap: true });
    expect(seen('invited', { engine: null })).toMatchObject({ needsTap: true });
  });
  test('of a server that is silent is no broadcast', () => expect(seen('playing', { report: { kind: 'nothing' } }).broadcast).toBeNull());
});
