import { describe, expect, test } from 'vitest';
import { offline } from '../src/player/broadcast';
import type { Engine } from '../src/player/engine';
import { type Chooser, menuSections } from '../src/player/menuSections';
import { messageFor } from '../src/player/message';
import { type Sight, phaseOf } from '../src/player/phase';
import { readPreferences } from '../src/player/preferences';
import { decideReplay } from '../src/player/replay';
import { allowedSpeed, nextSpeed, offeredSpeeds, speeds } from '../src/player/speed';
import type { Picture } from '../src/player/state';
import { PlaylistTimeline } from '../src/player/timeline';
import { trackName } from '../src/player/tracks';
import type { PlayerView } from '../src/player/view';

describe('speed', () => {
  test('is there in a replay and behind live, and not at live', () => {
    expect(offeredSpeeds('replay', false)).toBe(speeds);
    expect(offeredSpeeds('live', true)).toBe(speeds);
    expect(offeredSpeeds('live', false)).toEqual([]);
  });
  test('of who catches up with live becomes the ordinary one', () => {
    expect(allowedSpeed(2, 'live', true)).toBe(2);
    expect(allowedSpeed(2, 'live', false)).toBe(1);
    expect(allowedSpeed(3, 'replay', false)).toBe(1);
  });
  test('goes in steps, up to its ends', () => {
    expect(nextSpeed(1, 1)).toBe(1.25);
    expect(nextSpeed(0.5, -1)).toBe(0.5);
    expect(nextSpeed(2, 1)).toBe(2);
  });
});

describe('the phase of playback', () => {
  const timeline = new PlaylistTimeline([], { start: 0, end: 100 });
  const over = { closed: true, timeline, targetDuration: 2 };
  const sight = (changed: Partial<Sight>): Sight => ({ engine: over, ended: false, position: 50, shown: true, wantsPlay: true, needsTap: false, stalledFor: 0, ...changed });

  test('at the end of what is over is the end', () => {
    expect(phaseOf(sight({ ended: true }))).toBe('finished');
    expect(phaseOf(sight({ position: 98, stalledFor: 3000 }))).toBe('finished');
  });
  test('in the middle of what is over is a stall when nothing comes', () => expect(phaseOf(sight({ stalledFor: 3000 }))).toBe('stalled'));
  test('is held while the viewer wants it to be', () => expect(phaseOf(sight({ wantsPlay: false, stalledFor: 9000 }))).toBe('held'));
  test('is an invitation until the viewer has asked for it', () => expect(phaseOf(sight({ engine: null, needsTap: true }))).toBe('invited'));
  test('is loading until a picture moved', () => expect(phaseOf(sight({ shown: false, stalledFor: 9000 }))).toBe('loading'));
});

describe('a replay', () => {
  const picture = (phase: Picture['phase'], failure: Picture['failure'] = null): Picture => ({ phase, session: null, failure });
  const answer = { kind: 'answer', broadcast: offline } as const;

  test.each(['playing', 'held', 'invited', 'finished'] as const)('that is %s is a replay, whatever its channel does', (phase) => {
    expect(decideReplay(answer, picture(phase))).toEqual({ state: 'replay', reason: null });
    expect(decideReplay({ kind: 'unreachable', failures: 9 }, picture(phase)).state).toBe('replay');
  });
  test('that stands still waits for the line', () => expect(decideReplay(answer, picture('stalled'))).toEqual({ state: 'reconnecting', reason: 'connectionLost' }));
  test('that nobody may see any more says why', () => expect(decideReplay({ kind: 'denied', why: 'expired' }, picture('stalled'))).toEqual({ state: 'error', reason: 'expired' }));
  test('that is gone is said to be', () => {
    const verdict = decideReplay(answer, picture('loading', 'replay'));
    expect(messageFor(verdict, 'main')).toMatchObject({ title: 'The recording cannot be played', retry: true });
  });
  test('that is loading says so', () => expect(messageFor(decideReplay(answer, picture('loading')), 'main')?.title).toBe('Loading the recording…'));
});

describe('the name of a track', () => {
  const track = (id: number, label: string, language: string | null) => ({ id, label, language });
  const name = (one: ReturnType<typeof track>, all = [one]) => trackName(one, all, (number) => `Audio ${number}`);

  test('is its language', () => expect(name(track(0, 'audio_1', 'de'))).toBe(new Intl.DisplayNames(undefined, { type: 'language' }).of('de')));
  test('is its label without one', () => expect(name(track(0, 'CC1', null))).toBe('CC1'));
  test('is its number without either', () => expect(name(track(0, '', null))).toBe('Audio 1'));
  test('is its label where the language is none', () => expect(name(track(0, 'Commentary', 'not a language'))).toBe('Commentary'));
  test('tells two of one language apart', () => {
    const all = [track(0, 'Main', 'en'), track(1, 'Commentary', 'en')];
    expect(new Set(all.map((one) => name(one, all))).size).toBe(2);
  });
});

describe('the settings', () => {
  const chosen: string[] = [];
  const chooser: Chooser = {
    chooseQuality: (id) => chosen.push(`quality ${id}`), chooseSpeed: (speed) => chosen.push(`speed ${speed}`),
    chooseAudio: (id) => chosen.push(`audio ${id}`), chooseCaptions: (id) => chosen.push(`captions ${id}`),
  };
  const quality = { id: 0, width: 1280, height: 720, frameRate: 30, bitrate: 1 };
  const view = (engine: Partial<Engine> | null, changed: Partial<PlayerView> = {}) => ({
    engine: engine === null ? null : { qualities: [quality], chosenQuality: -1, currentQuality: 0, audioTracks: [], chosenAudio: -1, ...engine }, speeds: [], speed: 1, captions: [], chosenCaptions: -1, ...changed,
  }) as unknown as PlayerView;
  const keys = (shown: PlayerView) => menuSections(shown, chooser).map((section) => section.key);

  test('are none before anything plays', () => expect(keys(view(null))).toEqual([]));
  test('hold what there is to choose and nothing else', () => {
    expect(keys(view({}))).toEqual(['quality']);
    expect(keys(view({ audioTracks: [{ id: 0, label: 'a', language: 'en' }] }))).toEqual(['quality']);
    expect(keys(view({ audioTracks: [{ id: 0, label: 'a', language: 'en' }, { id: 1, label: 'b', language: 'de' }] }, { speeds, captions: [{ id: 0, label: 'CC1', language: null }] })))
      .toEqual(['quality', 'speed', 'audio', 'captions']);
  });
  test('say what is chosen, captions are off', () => {
    const sections = menuSections(view({}, { speeds, speed: 1.5, captions: [{ id: 0, label: 'CC1', language: null }] }), chooser);
    expect(sections.map((section) => section.value)).toEqual(['Auto (720p)', '1.5×', 'Off']);
  });
  test('do what is chosen', () => {
    for (const section of menuSections(view({}, { speeds, captions: [{ id: 0, label: 'CC1', language: null }] }), chooser)) section.choose(0);
    expect(chosen).toEqual(['quality 0', 'speed 0', 'captions 0']);
  });
});

test('what was remembered by another version, or by nobody, does no harm', () => {
  const nothing = { volume: 1, muted: false, captions: null, audio: null };
  expect(readPreferences(null)).toEqual(nothing);
  expect(readPreferences({ volume: 'loud', captions: 7, audio: {} })).toEqual(nothing);
  expect(readPreferences({ volume: 9, muted: true, captions: 'de', audio: 'en' })).toEqual({ volume: 1, muted: true, captions: 'de', audio: 'en' });
});
