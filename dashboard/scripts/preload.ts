import type { Plugin, Rolldown } from 'vite';

/** What a build made, by the names of the files, as far as it matters here. */
export type Built = Record<string, Pick<Rolldown.OutputChunk, 'type' | 'facadeModuleId' | 'imports'> | { type: 'asset' }>;

/**
 * The files of a module that pages import later: its own, and what that imports. None where the build has no file of its own for it.
 * @param module the end of its path
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
 * Names a module that is imported later in the head of pages, so that the browser fetches it beside their script and not behind it, and yet after what draws them.
 * Browsers without Media Source Extensions play by themselves and need none of it; those do not know `modulepreload`, and load nothing.
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
        if (files.length === 0) throw new Error(`There is nothing of ${module} that ${path} could preload: the build has no file of its own for it.`);
        return files.map((file) => ({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `/${file}` }, injectTo: 'head' as const }));
      },
    },
  };
}
