import type { Schemas } from '../api/schema';

// The part of /api/v1 that the dashboard uses. What stands in its JSON is as the OpenAPI document has it (`src/api`).

/** What the page needs of an answer, and the rest of it where it is there. */
type Part<T, Needed extends keyof T> = Pick<T, Needed> & Partial<T>;

export type Live = Part<Schemas['LiveView'], 'state' | 'session' | 'startedAt'>;

/** How a channel's rungs are encoded. */
export type Encoding = Omit<Schemas['ChannelEncoding'], 'rungs'> & { rungs: Part<Schemas['ChannelRung'], 'name'>[] };

/** An encoder that publishes. */
export type Input = Schemas['InputView'];

export type Channel = Part<Omit<Schemas['ChannelView'], 'encoding' | 'live'>, 'name' | 'title' | 'ladder' | 'latency' | 'rewind'> & {
  live: Live | null;
  /** Null where nothing is encoded. */
  encoding?: Encoding | null;
};

/** What an encoder sends now, and what is wrong with it. */
export type Source = Part<Omit<Schemas['SourceView'], 'video'>, 'publication' | 'encoder' | 'bitsPerSecond' | 'audio' | 'findings'> & {
  video: Part<Schemas['SourceVideoView'], 'codec' | 'width' | 'height' | 'framesPerSecond' | 'keyframeIntervalSeconds'> | null;
};

export type Finding = Schemas['FindingView'];

export type Key = Schemas['KeyView'];

export type System = Part<Schemas['SystemView'], 'version' | 'role' | 'ladders' | 'latencies'>;

/** What of a channel is to be another; what is left out stays. */
export type ChannelChange = Schemas['ChannelChange'];

export type NewChannel = Schemas['NewChannel'];

/** A link to watch with, without what makes it one. */
export type ViewerToken = Part<Schemas['ViewerTokenView'], 'id' | 'label' | 'address' | 'createdAt' | 'expiresAt' | 'revokedAt'>;

export type PlaybackAddresses = Schemas['PlaybackAddresses'];

/** The server said no, or said nothing (`status` 0). The message is for people. */
export class ApiError extends Error {
  readonly status: number;
  /** What is wrong with each member of what was sent. */
  readonly mistakes: Record<string, string>;
  /** What else is to be sent; `code` where a login asks for a second factor. */
  readonly needs: string | null;

  constructor(status: number, message: string, mistakes: Record<string, string> = {}, needs: string | null = null) {
    super(message);
    this.status = status;
    this.mistakes = mistakes;
    this.needs = needs;
  }

  /** All that was said, where there are no fields to say it beside. */
  get words(): string {
    const mistakes = Object.values(this.mistakes);
    return mistakes.length > 0 ? mistakes.join(' ') : this.message;
  }
}

/** Reads problem details (RFC 9457) with their `errors` by member; makes do with anything else. */
export function problemOf(status: number, body: unknown, otherwise: string): ApiError {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const message = typeof fields.detail === 'string' ? fields.detail : typeof fields.title === 'string' ? fields.title : otherwise;
  const mistakes: Record<string, string> = {};
  if (typeof fields.errors === 'object' && fields.errors !== null) {
    for (const [member, texts] of Object.entries(fields.errors)) {
      mistakes[member] = Array.isArray(texts) ? texts.join(' ') : String(texts);
    }
  }
  return new ApiError(status, message, mistakes, typeof fields.needs === 'string' ? fields.needs : null);
}

/** Who asks: somebody who logged in, or a token. */
export type Me = Omit<Schemas['MeView'], 'kind'> & { kind: 'user' | 'token' };

/** A token's secret, this once. */
export type IssuedSecret = Schemas['IssuedTokenView'];

/** Speaks to the API with one token, or without one, as whoever the browser's cookie is of. */
export class Api {
  private readonly token: string | null;
  private readonly otherwise: string;
  private readonly silent: string;

  constructor(token: string | null, texts: { failed: string; serverSilent: string }) {
    this.token = token;
    this.otherwise = texts.failed;
    this.silent = texts.serverSilent;
  }

  /** Trades the set-up code for the first admin, who logs in with this name and password, and a first token besides. */
  setUp(code: string, name: string, password: string): Promise<IssuedSecret> {
    return this.ask('POST', '/setup', { code, name, password });
  }

  /** Logs in: the answer sets a cookie, which scripts do not see. */
  login(name: string, password: string, code?: string): Promise<{ name: string }> {
    return this.ask('POST', '/login', code === undefined ? { name, password } : { name, password, code });
  }

  /** Ends the login that the cookie is of. */
  logout(): Promise<void> {
    return this.ask('POST', '/logout');
  }

  me(): Promise<Me> {
    return this.ask('GET', '/me');
  }

  revokeToken(id: string): Promise<void> {
    return this.ask('DELETE', `/tokens/${encodeURIComponent(id)}`);
  }

  system(): Promise<System> {
    return this.ask('GET', '/system');
  }

  channels(): Promise<Channel[]> {
    return this.ask('GET', '/channels');
  }

  health(channel: string): Promise<{ sources: Source[] }> {
    return this.ask('GET', `/channels/${encodeURIComponent(channel)}/health`);
  }

  createChannel(channel: NewChannel): Promise<{ channel: Channel; streamKey: string }> {
    return this.ask('POST', '/channels', channel);
  }

  changeChannel(channel: string, change: ChannelChange): Promise<Channel> {
    return this.ask('PATCH', `/channels/${encodeURIComponent(channel)}`, change);
  }

  deleteChannel(channel: string): Promise<void> {
    return this.ask('DELETE', `/channels/${encodeURIComponent(channel)}`);
  }

  /** The channel's own slate; null where it has none. */
  slate(channel: string): Promise<Blob | null> {
    return this.file(slateOf(channel));
  }

  setSlate(channel: string, file: Blob): Promise<void> {
    return this.ask('PUT', slateOf(channel), file);
  }

  deleteSlate(channel: string): Promise<void> {
    return this.ask('DELETE', slateOf(channel));
  }

  endBroadcast(channel: string): Promise<unknown> {
    return this.ask('POST', `/channels/${encodeURIComponent(channel)}/end`);
  }

  keys(channel: string): Promise<Key[]> {
    return this.ask('GET', keysOf(channel));
  }

  createKey(channel: string, role: string, label: string): Promise<{ key: Key; streamKey: string }> {
    return this.ask('POST', keysOf(channel), { role, label });
  }

  rotateKey(channel: string, keyId: string): Promise<{ key: Key; streamKey: string }> {
    return this.ask('POST', `${keysOf(channel)}/rotate`, { keyId });
  }

  revokeKey(channel: string, keyId: string): Promise<void> {
    return this.ask('DELETE', `${keysOf(channel)}/${encodeURIComponent(keyId)}`);
  }

  setAccess(channel: string, access: string): Promise<Channel> {
    return this.ask('PATCH', `/channels/${encodeURIComponent(channel)}`, { access });
  }

  /** All of a channel, revoked ones too, read page by page. */
  async viewerTokens(channel: string): Promise<ViewerToken[]> {
    const all: ViewerToken[] = [];
    for (;;) {
      const page = await this.ask<ViewerToken[]>('GET', `${viewersOf(channel)}?limit=${viewerPage}${all.length === 0 ? '' : `&before=${encodeURIComponent(all[all.length - 1]!.id)}`}`);
      all.push(...page);
      if (page.length < viewerPage || all.length >= mostViewerTokens) return all;
    }
  }

  createViewerToken(channel: string, wish: { label: string; expiresAt: string; address?: string }): Promise<Schemas['IssuedViewerTokenView']> {
    return this.ask('POST', viewersOf(channel), wish);
  }

  revokeViewerToken(channel: string, id: string): Promise<unknown> {
    return this.ask('DELETE', `${viewersOf(channel)}/${encodeURIComponent(id)}`);
  }

  /** Asks for a path below `/api/v1`. A file is sent as it is, anything else as JSON. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, path, body);
    const answer = await this.read(response);
    if (!response.ok) throw problemOf(response.status, answer, this.otherwise);
    return answer as T;
  }

  /** Opens an event stream below `/api/v1`; one that is read on says by which id. */
  stream(path: string, lastId: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (lastId !== '') headers['Last-Event-ID'] = lastId;
    return fetch(`/api/v1${path}`, { headers, cache: 'no-store', signal });
  }

  /** A file; null where there is none. */
  private async file(path: string): Promise<Blob | null> {
    const response = await this.request('GET', path);
    if (response.status === 404) return null;
    if (!response.ok) throw problemOf(response.status, await this.read(response), this.otherwise);
    try {
      return await response.blob();
    } catch {
      throw new ApiError(0, this.silent);
    }
  }

  private async request(method: string, path: string, body?: unknown): Promise<Response> {
    const isFile = body instanceof Blob;
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = isFile ? body.type || 'application/octet-stream' : 'application/json';
    try {
      return await fetch(`/api/v1${path}`, { method, headers, body: body === undefined || isFile ? body : JSON.stringify(body), cache: 'no-store' });
    } catch {
      throw new ApiError(0, this.silent);
    }
  }

  private async read(response: Response): Promise<unknown> {
    try {
      const text = await response.text();
      return text === '' ? undefined : parsed(text);
    } catch {
      throw new ApiError(0, this.silent);
    }
  }
}

function keysOf(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/keys`;
}

function slateOf(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/slate`;
}

// Of one that asks at a time, and of one channel at most: every viewer of a large event may have one.
const viewerPage = 500;
const mostViewerTokens = 5000;

function viewersOf(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/viewer-tokens`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
