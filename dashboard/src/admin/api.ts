import type { Schemas } from '../api/schema';

// The part of /api/v1 that the dashboard uses. `src/api` contains the types of the OpenAPI document.

/** A type with some required members; the others are optional. */
type View<T, Needed extends keyof T> = Pick<T, Needed> & Partial<T>;

export type Live = View<Schemas['LiveView'], 'state' | 'session' | 'startedAt'>;

/** Encoding state of a channel's rungs. */
export type Encoding = Omit<Schemas['ChannelEncoding'], 'rungs'> & { rungs: View<Schemas['ChannelRung'], 'name'>[] };

/** The publisher of one input. */
export type Input = Schemas['InputView'];

export type Channel = View<Omit<Schemas['ChannelView'], 'encoding' | 'live'>, 'name' | 'title' | 'ladder' | 'latency' | 'dvrWindow'> & {
  live: Live | null;
  /** Null if nothing is encoded. */
  encoding?: Encoding | null;
};

/** Media and health issues of one encoder. */
export type Source = View<Omit<Schemas['SourceView'], 'video'>, 'publication' | 'encoder' | 'bitsPerSecond' | 'audio' | 'issues'> & {
  video: View<Schemas['SourceVideoView'], 'codec' | 'width' | 'height' | 'framesPerSecond' | 'keyframeIntervalSeconds'> | null;
};

export type SourceIssue = Schemas['IssueView'];

export type StreamKey = Schemas['KeyView'];

export type System = View<Schemas['SystemView'], 'version' | 'role' | 'ladders' | 'latencies'>;

/** Changes to a channel. Omitted members keep their value. */
export type ChannelChange = Schemas['ChannelChange'];

export type NewChannel = Schemas['NewChannel'];

/** A viewer token without its secret. */
export type ViewerToken = View<Schemas['ViewerTokenView'], 'id' | 'label' | 'network' | 'createdAt' | 'expiresAt' | 'revokedAt'>;

export type PlaybackUrls = Schemas['PlaybackUrls'];

/** An error response, or no response (`status` 0). The message is user-readable. */
export class ApiError extends Error {
  readonly status: number;
  /** Validation errors by request member. */
  readonly fieldErrors: Record<string, string>;
  /** The missing input; `code` if a login requires a second factor. */
  readonly needs: string | null;

  constructor(status: number, message: string, fieldErrors: Record<string, string> = {}, needs: string | null = null) {
    super(message);
    this.status = status;
    this.fieldErrors = fieldErrors;
    this.needs = needs;
  }

  /** The whole error in one text, for views without fields. */
  get fullMessage(): string {
    const fieldErrors = Object.values(this.fieldErrors);
    return fieldErrors.length > 0 ? fieldErrors.join(' ') : this.message;
  }
}

/** Parses problem details (RFC 9457) with their `errors` by member. Other bodies yield `fallback`. */
export function parseProblem(status: number, body: unknown, fallback: string): ApiError {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const message = typeof fields.detail === 'string' ? fields.detail : typeof fields.title === 'string' ? fields.title : fallback;
  const fieldErrors: Record<string, string> = {};
  if (typeof fields.errors === 'object' && fields.errors !== null) {
    for (const [member, texts] of Object.entries(fields.errors)) {
      fieldErrors[member] = Array.isArray(texts) ? texts.join(' ') : String(texts);
    }
  }
  return new ApiError(status, message, fieldErrors, typeof fields.needs === 'string' ? fields.needs : null);
}

/** The authenticated user or token. */
export type Me = Omit<Schemas['MeView'], 'kind'> & { kind: 'user' | 'token' };

/** A new token with its secret. */
export type IssuedSecret = Schemas['IssuedTokenView'];

/** API client that authenticates with a token, or with the login cookie. */
export class Api {
  private readonly token: string | null;
  private readonly fallback: string;
  private readonly unreachable: string;

  constructor(token: string | null, texts: { failed: string; serverUnreachable: string }) {
    this.token = token;
    this.fallback = texts.failed;
    this.unreachable = texts.serverUnreachable;
  }

  /** Exchanges the set-up code for the first admin account and a first token. */
  setUp(code: string, name: string, password: string): Promise<IssuedSecret> {
    return this.send('POST', '/setup', { code, name, password });
  }

  /** Returns whether the token or the login cookie is valid. Unlike other requests, it succeeds if neither is. */
  async isAuthenticated(): Promise<boolean> {
    return (await this.send<Schemas['LoginStateView']>('GET', '/login')).authenticated;
  }

  /** Logs in. The response sets an HttpOnly cookie. */
  login(name: string, password: string, code?: string): Promise<{ name: string }> {
    return this.send('POST', '/login', code === undefined ? { name, password } : { name, password, code });
  }

  /** Ends the login of the cookie. */
  logout(): Promise<void> {
    return this.send('POST', '/logout');
  }

  me(): Promise<Me> {
    return this.send('GET', '/me');
  }

  revokeToken(id: string): Promise<void> {
    return this.send('DELETE', `/tokens/${encodeURIComponent(id)}`);
  }

  system(): Promise<System> {
    return this.send('GET', '/system');
  }

  channels(): Promise<Channel[]> {
    return this.send('GET', '/channels');
  }

  health(channel: string): Promise<{ sources: Source[] }> {
    return this.send('GET', `/channels/${encodeURIComponent(channel)}/health`);
  }

  createChannel(channel: NewChannel): Promise<{ channel: Channel; streamKey: string }> {
    return this.send('POST', '/channels', channel);
  }

  changeChannel(channel: string, change: ChannelChange): Promise<Channel> {
    return this.send('PATCH', `/channels/${encodeURIComponent(channel)}`, change);
  }

  deleteChannel(channel: string): Promise<void> {
    return this.send('DELETE', `/channels/${encodeURIComponent(channel)}`);
  }

  /** The channel's slate; null if it has none. */
  slate(channel: string, signal: AbortSignal): Promise<Blob | null> {
    return this.fetchFile(slatePath(channel), signal);
  }

  setSlate(channel: string, file: Blob): Promise<void> {
    return this.send('PUT', slatePath(channel), file);
  }

  deleteSlate(channel: string): Promise<void> {
    return this.send('DELETE', slatePath(channel));
  }

  endBroadcast(channel: string): Promise<unknown> {
    return this.send('POST', `/channels/${encodeURIComponent(channel)}/end`);
  }

  keys(channel: string): Promise<StreamKey[]> {
    return this.send('GET', keysPath(channel));
  }

  createKey(channel: string, role: string, label: string): Promise<{ key: StreamKey; streamKey: string }> {
    return this.send('POST', keysPath(channel), { role, label });
  }

  rotateKey(channel: string, keyId: string): Promise<{ key: StreamKey; streamKey: string }> {
    return this.send('POST', `${keysPath(channel)}/rotate`, { keyId });
  }

  revokeKey(channel: string, keyId: string): Promise<void> {
    return this.send('DELETE', `${keysPath(channel)}/${encodeURIComponent(keyId)}`);
  }

  setAccess(channel: string, access: string): Promise<Channel> {
    return this.send('PATCH', `/channels/${encodeURIComponent(channel)}`, { access });
  }

  /** All viewer tokens of a channel, including revoked ones, page by page. */
  async viewerTokens(channel: string): Promise<ViewerToken[]> {
    const all: ViewerToken[] = [];
    for (;;) {
      const last = all[all.length - 1];
      const before = last === undefined ? '' : `&before=${encodeURIComponent(last.id)}`;
      const path = `${viewerTokensPath(channel)}?limit=${viewerTokenPageSize}${before}`;
      const page = await this.send<ViewerToken[]>('GET', path);
      all.push(...page);
      if (page.length < viewerTokenPageSize || all.length >= maxViewerTokens) return all;
    }
  }

  createViewerToken(
    channel: string,
    request: { label: string; expiresAt: string; network?: string },
  ): Promise<Schemas['IssuedViewerTokenView']> {
    return this.send('POST', viewerTokensPath(channel), request);
  }

  revokeViewerToken(channel: string, id: string): Promise<unknown> {
    return this.send('DELETE', `${viewerTokensPath(channel)}/${encodeURIComponent(id)}`);
  }

  /** Sends a request below `/api/v1`. Blobs are sent unchanged, other bodies as JSON. */
  async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, path, body);
    const answer = await this.read(response);
    if (!response.ok) throw parseProblem(response.status, answer, this.fallback);
    return answer as T;
  }

  /** Opens an event stream below `/api/v1`, resuming after an event id. */
  stream(path: string, lastId: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (lastId !== '') headers['Last-Event-ID'] = lastId;
    return fetch(`/api/v1${path}`, { headers, cache: 'no-store', signal });
  }

  /**
   * Downloads a file; null if it does not exist. The server sends one file per caller: a download that was just cancelled, or one in
   * another tab, delays this one.
   */
  private async fetchFile(path: string, signal: AbortSignal): Promise<Blob | null> {
    for (let tries = 1; ; tries++) {
      const response = await this.request('GET', path, undefined, signal);
      if (response.status === 404) return null;
      if (response.status === 429 && tries < maxFileTries && !signal.aborted) {
        await delay(Number(response.headers.get('Retry-After') ?? 1) * 1000, signal);
        continue;
      }
      if (!response.ok) throw parseProblem(response.status, await this.read(response), this.fallback);
      try {
        return await response.blob();
      } catch {
        throw new ApiError(0, this.unreachable);
      }
    }
  }

  private async request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const isFile = body instanceof Blob;
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = isFile ? body.type || 'application/octet-stream' : 'application/json';
    try {
      return await fetch(`/api/v1${path}`, {
        method,
        headers,
        body: body === undefined || isFile ? body : JSON.stringify(body),
        cache: 'no-store',
        signal: signal ?? null,
      });
    } catch {
      throw new ApiError(0, this.unreachable);
    }
  }

  private async read(response: Response): Promise<unknown> {
    try {
      const text = await response.text();
      return text === '' ? undefined : parseJson(text);
    } catch {
      throw new ApiError(0, this.unreachable);
    }
  }
}

function keysPath(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/keys`;
}

function slatePath(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/slate`;
}

/** Number of attempts to download a file. */
const maxFileTries = 4;

/** Waits; returns early when the signal is aborted. */
function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

// Page size, and the limit per channel: every viewer of a large event may have a token.
const viewerTokenPageSize = 500;
const maxViewerTokens = 5000;

function viewerTokensPath(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/viewer-tokens`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
