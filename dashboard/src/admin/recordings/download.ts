// Download by the page itself, which can show progress because the size is known in advance.

/** Larger files are downloaded by the browser, which writes them to disk. */
export const maxInPageBytes = 400_000_000;

export interface Progress {
  /** Received bytes. */
  done: number;
  /** Total bytes. */
  total: number;
}

/** The server requires a viewer token. */
export class DownloadDenied extends Error {}

/** The size of a download. The server first prepares the file, which can take a while. Throws the server's error text. */
export async function fetchSize(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { headers: { Range: 'bytes=0-0' }, signal, cache: 'no-store' });
  if (!response.ok)
    throw response.status === 403 ? new DownloadDenied(await errorTextOf(response)) : new Error(await errorTextOf(response));
  await response.body?.cancel();
  const range = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
  return Number(range?.[1] ?? response.headers.get('Content-Length') ?? Number.NaN);
}

/** Downloads a file and reports progress. */
export async function fetchFile(url: string, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Blob> {
  const response = await fetch(url, { signal, cache: 'no-store' });
  if (!response.ok || response.body === null) throw new Error(await errorTextOf(response));
  const total = Number(response.headers.get('Content-Length') ?? 0);
  const parts: BlobPart[] = [];
  const reader = response.body.getReader();
  let done = 0;
  for (;;) {
    const chunk = await reader.read();
    if (chunk.done) break;
    parts.push(chunk.value);
    done += chunk.value.byteLength;
    onProgress({ done, total: Math.max(total, done) });
  }
  return new Blob(parts, { type: 'video/mp4' });
}

/** Saves a blob or URL as a file. */
export function save(source: Blob | string, name: string): void {
  const link = document.createElement('a');
  link.href = typeof source === 'string' ? source : URL.createObjectURL(source);
  link.download = name;
  link.click();
  if (typeof source !== 'string') window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function errorTextOf(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).trim();
  return text.length > 0 && text.length < 400 && !text.startsWith('<') ? text : `${response.status}`;
}
