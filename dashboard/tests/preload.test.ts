import { expect, test } from 'vitest';
import { type Built, filesOf } from '../scripts/preload';

const chunk = (facadeModuleId: string | null, ...imports: string[]) => ({ type: 'chunk' as const, facadeModuleId, imports });
const built: Built = {
  'assets/watch.js': chunk('/x/watch.html', 'assets/shared.js'),
  'assets/shared.js': chunk(null, 'assets/watch.js'),
  'assets/hlsEngine.js': chunk('/x/src/player/hlsEngine.ts', 'assets/hls.js', 'assets/shared.js'),
  'assets/hls.js': chunk('/x/node_modules/hls.js/dist/hls.mjs'),
  'assets/other.js': chunk('/x/src/other.ts'),
  'assets/page.css': { type: 'asset' },
};

test('a module has its chunk and all imports without duplicates', () => {
  expect(filesOf(built, 'src/player/hlsEngine.ts')).toEqual([
    'assets/hlsEngine.js',
    'assets/hls.js',
    'assets/shared.js',
    'assets/watch.js',
  ]);
});

test('a module without a chunk has no files', () => expect(filesOf(built, 'src/player/gone.ts')).toEqual([]));
