import { describe, expect, test } from 'vitest';
import { offlineStatus } from '../src/player/channelStatus';
import type { Engine } from '../src/player/engine';
import { type MenuActions, menuSections } from '../src/player/menuSections';
import { messageFor } from '../src/player/message';
import { type PlaybackSample, phaseOf } from '../src/player/phase';
import { readPreferences } from '../src/player/preferences';
import { replayDisplayState } from '../src/player/replay';
import { allowedSpeed, nextSpeed, offeredSpeeds, speeds } from '../src/player/speed';
import type { PlaybackStatus } from '../src/player/state';
import { PlaylistTimeline } from '../src/player/timeline';
import { trackName } from '../src/player/tracks';
import type { PlayerView } from '../src/player/view';

describe('playback rates', () => {
  test('are available in recordings and behind live, but not at live', () => {
    expect(offeredSpeeds('replay', false)).toBe(speeds);
    expect(offeredSpeeds('live', true)).toBe(speeds);
    expect(offeredSpeeds('live', false)).toEqual([]);
  });
  test('reset to 1 after catching up with live', () => {
    expect(allowedSpeed(2, 'live', true)).toBe(2);
    expect(allowedSpeed(2, 'live', false)).toBe(1);
    expect(allowedSpeed(3, 'replay', false)).toBe(1);
  });
  test('change in steps within their range', () => {
    expect(nextSpeed(1, 1)).toBe(1.25);
    expect(nextSpeed(0.5, -1)).toBe(0.5);
    expect(nextSpeed(2, 1)).toBe(2);
  });
});

describe('the phase of playback', () => {
  const timeline = new PlaylistTimeline([], { start: 0, end: 100 });
  const ended = { isEnded: true, timeline, targetDuration: 2 };
  const sample = (changed: Partial<PlaybackSample>): PlaybackSample => ({
    engine: ended,
    ended: false,
    position: 50,
    hasShownFrame: true,
    wantsPlay: true,
    needsTap: false,
    stalledFor: 0,
    ...changed,
  });

  test('is finished at the end of an ended stream', () => {
    expect(phaseOf(sample({ ended: true }))).toBe('finished');
    expect(phaseOf(sample({ position: 98, stalledFor: 3000 }))).toBe('finished');
  });
  test('is stalled in the middle of an ended stream', () => expect(phaseOf(sample({ stalledFor: 3000 }))).toBe('stalled'));
  test('is paused while the viewer paused', () => expect(phaseOf(sample({ wantsPlay: false, stalledFor: 9000 }))).toBe('paused'));
  test('awaits play before the viewer starts playback', () =>
    expect(phaseOf(sample({ engine: null, needsTap: true }))).toBe('awaitingPlay'));
  test('is loading until a frame is shown', () => expect(phaseOf(sample({ hasShownFrame: false, stalledFor: 9000 }))).toBe('loading'));
});

describe('a recording', () => {
  const playback = (phase: PlaybackStatus['phase'], failure: PlaybackStatus['failure'] = null): PlaybackStatus => ({
    phase,
    session: null,
    failure,
  });
  const answer = { kind: 'answer', channelStatus: offlineStatus } as const;

  test.each(['playing', 'paused', 'awaitingPlay', 'finished'] as const)('that is %s shows a replay, whatever the channel does', (phase) => {
    expect(replayDisplayState(answer, playback(phase))).toEqual({ state: 'replay', reason: null });
    expect(replayDisplayState({ kind: 'unreachable', failures: 9 }, playback(phase)).state).toBe('replay');
  });
  test('that stalls shows a lost connection', () =>
    expect(replayDisplayState(answer, playback('stalled'))).toEqual({ state: 'reconnecting', reason: 'connectionLost' }));
  test('that becomes forbidden shows the reason', () =>
    expect(replayDisplayState({ kind: 'denied', reason: 'expired' }, playback('stalled'))).toEqual({ state: 'error', reason: 'expired' }));
  test('that is missing shows an error', () => {
    const display = replayDisplayState(answer, playback('loading', 'replay'));
    expect(messageFor(display, 'main')).toMatchObject({ title: 'The recording cannot be played', retry: true });
  });
  test('that is loading shows a message', () =>
    expect(messageFor(replayDisplayState(answer, playback('loading')), 'main')?.title).toBe('Loading the recording…'));
});

describe('the name of a track', () => {
  const track = (id: number, label: string, language: string | null) => ({ id, label, language });
  const name = (one: ReturnType<typeof track>, all = [one]) => trackName(one, all, (number) => `Audio ${number}`);

  test('is its language', () =>
    expect(name(track(0, 'audio_1', 'de'))).toBe(new Intl.DisplayNames(undefined, { type: 'language' }).of('de')));
  test('is its label without a language', () => expect(name(track(0, 'CC1', null))).toBe('CC1'));
  test('is its number without either', () => expect(name(track(0, '', null))).toBe('Audio 1'));
  test('is its label if the language is invalid', () => expect(name(track(0, 'Commentary', 'not a language'))).toBe('Commentary'));
  test('distinguishes two tracks of one language', () => {
    const all = [track(0, 'Main', 'en'), track(1, 'Commentary', 'en')];
    expect(new Set(all.map((one) => name(one, all))).size).toBe(2);
  });
});

describe('the settings menu', () => {
  const actions: string[] = [];
  const menuActions: MenuActions = {
    chooseQuality: (id) => actions.push(`quality ${id}`),
    chooseSpeed: (speed) => actions.push(`speed ${speed}`),
    chooseAudio: (id) => actions.push(`audio ${id}`),
    chooseCaptions: (id) => actions.push(`captions ${id}`),
  };
  const quality = { id: 0, width: 1280, height: 720, frameRate: 30, bitrate: 1 };
  const view = (engine: Partial<Engine> | null, changed: Partial<PlayerView> = {}) =>
    ({
      engine:
        engine === null
          ? null
          : { qualities: [quality], chosenQuality: -1, currentQuality: 0, audioTracks: [], chosenAudio: -1, ...engine },
      speeds: [],
      speed: 1,
      captions: [],
      chosenCaptions: -1,
      ...changed,
    }) as unknown as PlayerView;
  const keys = (shown: PlayerView) => menuSections(shown, menuActions).map((section) => section.key);

  test('is empty before playback', () => expect(keys(view(null))).toEqual([]));
  test('contains only settings with several options', () => {
    expect(keys(view({}))).toEqual(['quality']);
    expect(keys(view({ audioTracks: [{ id: 0, label: 'a', language: 'en' }] }))).toEqual(['quality']);
    expect(
      keys(
        view(
          {
            audioTracks: [
              { id: 0, label: 'a', language: 'en' },
              { id: 1, label: 'b', language: 'de' },
            ],
          },
          { speeds, captions: [{ id: 0, label: 'CC1', language: null }] },
        ),
      ),
    ).toEqual(['quality', 'speed', 'audio', 'captions']);
  });
  test('shows the current options', () => {
    const sections = menuSections(view({}, { speeds, speed: 1.5, captions: [{ id: 0, label: 'CC1', language: null }] }), menuActions);
    expect(sections.map((section) => section.value)).toEqual(['Auto (720p)', '1.5×', 'Off']);
  });
  test('applies the selected option', () => {
    for (const section of menuSections(view({}, { speeds, captions: [{ id: 0, label: 'CC1', language: null }] }), menuActions))
      section.select(0);
    expect(actions).toEqual(['quality 0', 'speed 0', 'captions 0']);
  });
});

test('invalid stored preferences are ignored', () => {
  const defaults = { volume: 1, muted: false, captions: null, audio: null };
  expect(readPreferences(null)).toEqual(defaults);
  expect(readPreferences({ volume: 'loud', captions: 7, audio: {} })).toEqual(defaults);
  expect(readPreferences({ volume: 9, muted: true, captions: 'de', audio: 'en' })).toEqual({
    volume: 1,
    muted: true,
    captions: 'de',
    audio: 'en',
  });
});
