import { beforeEach, expect, test, vi } from 'vitest';
import { Captions } from '../src/player/captions';

const track = (label: string, language = '') => ({ kind: 'captions', label, language, mode: 'hidden' });

function shownTrack(captions: Captions, tracks: { mode: string }[]): number {
  captions.apply();
  return tracks.findIndex(({ mode }) => mode === 'showing');
}

function createCaptions(...tracks: ReturnType<typeof track>[]): Captions {
  return new Captions({ textTracks: tracks } as unknown as HTMLVideoElement);
}

beforeEach(() => {
  const stored = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  });
});

test('captions are off by default and restore the last selection', () => {
  const tracks = [track('CC1', 'en'), track('CC3', 'de')];
  const captions = createCaptions(...tracks);
  expect(shownTrack(captions, tracks)).toBe(-1);
  captions.choose(1);
  expect(shownTrack(captions, tracks)).toBe(1);
  captions.toggle();
  expect(shownTrack(captions, tracks)).toBe(-1);
  captions.toggle();
  expect(shownTrack(captions, tracks)).toBe(1);
});

test('enabled captions select the only track, or the track of the same language', () => {
  createCaptions(track('CC1')).choose(0);
  const only = [track('', 'de')];
  expect(shownTrack(createCaptions(...only), only)).toBe(0);
  const several = [track('', 'de'), track('', 'fr')];
  expect(shownTrack(createCaptions(...several), several)).toBe(-1);
});
