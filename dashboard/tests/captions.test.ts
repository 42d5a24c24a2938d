import { beforeEach, expect, test, vi } from 'vitest';
import { Captions } from '../src/player/captions';

const track = (label: string, language = '') => ({ kind: 'captions', label, language, mode: 'hidden' });

function shown(captions: Captions, tracks: { mode: string }[]): number {
  captions.apply();
  return tracks.findIndex(({ mode }) => mode === 'showing');
}

function captionsOf(...tracks: ReturnType<typeof track>[]): Captions {
  return new Captions({ textTracks: tracks } as unknown as HTMLVideoElement);
}

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
});

test('captions are off until somebody wants them, and on again where they were', () => {
  const tracks = [track('CC1', 'en'), track('CC3', 'de')];
  const captions = captionsOf(...tracks);
  expect(shown(captions, tracks)).toBe(-1);
  captions.choose(1);
  expect(shown(captions, tracks)).toBe(1);
  captions.toggle();
  expect(shown(captions, tracks)).toBe(-1);
  captions.toggle();
  expect(shown(captions, tracks)).toBe(1);
});

test('who wanted captions elsewhere has the only ones that there are, and of several those in the same language', () => {
  captionsOf(track('CC1')).choose(0);
  const only = [track('', 'de')];
  expect(shown(captionsOf(...only), only)).toBe(0);
  const several = [track('', 'de'), track('', 'fr')];
  expect(shown(captionsOf(...several), several)).toBe(-1);
});
