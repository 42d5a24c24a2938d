// A download as the page itself makes it: what there is to come is known before the first byte, so that it can be told how far it is.

/** Larger files are the browser's to download: it writes them to the disk as they come. */
export const mostInPage = 400_000_000;

export interface Progress {
  /** Bytes that are there. */
  done: number;
  /** Bytes of all. */
  total: number;
}

/** The server does not let one in without a link. */
export class Refused extends Error {}

/** How large a file is, once the server has laid it out, which takes a while the first time. Fails with what the server says against it. */
export async function sizeOf(address: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(address, { headers: { Range: 'bytes=0-0' }, signal, cache: 'no-store' });
  if (!response.ok) throw response.status === 403 ? new Refused(await sentenceOf(response)) : new Error(await sentenceOf(response));
  await response.body?.cancel();
  const range = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
  return Number(range?.[1] ?? response.headers.get('Content-Length') ?? Number.NaN);
}

/** Reads a file whole and tells how far it is. */
export async function readFile(address: string, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Blob> {
  const response = await fetch(address, { signal, cache: 'no-store' });
  if (!response.ok || response.body === null) throw new Error(await sentenceOf(response));
  const total = Number(response.headers.get('Content-Length') ?? 0);
  const parts: BlobPart[] = [];
  const reader = response.body.getReader();
  let done = 0;
  for (;;) {
    const next = await reader.read();
    if (next.done) break;
    parts.push(next.value);
    done += next.value.byteLength;
    onProgress({ done, total: Math.max(total, done) });
  }
  return new Blob(parts, { type: 'video/mp4' });
}

/** Hands what was read, or an address, to the browser as a file. */
export function save(from: Blob | string, name: string): void {
  const link = document.createElement('a');
  link.href = typeof from === 'string' ? from : URL.createObjectURL(from);
  link.download = name;
  link.click();
  if (typeof from !== 'string') window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function sentenceOf(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).trim();
  return text.length > 0 && text.length < 400 && !text.startsWith('<') ? text : `${response.status}`;
}
