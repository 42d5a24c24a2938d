import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { preloadOf } from './scripts/preload.ts';

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// `npm run dev` serves these pages and proxies everything else to a running server.
const server = process.env.BROADCAST_HTTP ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), preloadOf('src/player/hlsEngine.ts', ['/watch.html', '/embed.html'])],
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    // The content security policy forbids inline styles, scripts and fonts: everything is a separate file.
    assetsInlineLimit: 0,
    target: ['chrome100', 'firefox100', 'safari15.4'],
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: {
        watch: page('watch.html'),
        embed: page('embed.html'),
        event: page('event.html'),
        embedEvent: page('embedEvent.html'),
        chat: page('chat.html'),
        overlay: page('overlay.html'),
        dashboard: page('dashboard.html'),
      },
    },
  },
  server: {
    proxy: { '/live': server, '/t': server, '/api': server, '/time': server, '/vod': server, '^/(event|recording)/[^/]+/': server },
  },
  test: {
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    environment: 'node',
  },
});
