import type { Plugin, Rolldown } from 'vite';

/** The files of a build by name, reduced to what this plugin reads. */
export type Built = Record<string, Pick<Rolldown.OutputChunk, 'type' | 'facadeModuleId' | 'imports'> | { type: 'asset' }>;

/**
 * Returns the files of a dynamically imported module: its own chunk and that chunk's imports. Empty if the build has no such chunk.
 * @param module end of the module's path
 */
export function filesOf(built: Built, module: string): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const chunk = built[name];
    if (chunk?.type !== 'chunk' || found.has(name)) return;
    found.add(name);
    chunk.imports.forEach(visit);
  };
  for (const [name, chunk] of Object.entries(built)) {
    if (chunk.type === 'chunk' && chunk.facadeModuleId?.replaceAll('\\', '/').endsWith(module)) visit(name);
  }
  return [...found];
}

/**
 * Adds `modulepreload` links for a dynamically imported module to the head of pages. Browsers then fetch it in parallel with the page
 * script, at low priority.
 * Browsers without Media Source Extensions do not need the module; they do not support `modulepreload` either.
 */
export function preloadOf(module: string, pages: readonly string[]): Plugin {
  return {
    name: 'broadcast:preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle, path }) {
        if (!pages.includes(path) || bundle === undefined) return html;
        const files = filesOf(bundle, module).filter((file) => !html.includes(file));
        if (files.length === 0) throw new Error(`Cannot preload ${module} in ${path}: the build has no chunk for it.`);
        return files.map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `/${file}` },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}
