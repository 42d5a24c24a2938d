/** Kinds of action that the watch page offers. */
export type ModeratorAction = 'remove' | 'timeout' | 'ban' | 'mute' | 'pin' | 'unpin';

/** A request of a moderator. */
export interface ModeratorRequest {
  action: ModeratorAction;
  message?: string;
  seconds?: number;
  network?: boolean;
  reason?: string;
}

/** Result: the value, or a text that says why there is none. */
export type ModeratorResult<T> = { kind: 'ok'; value: T } | { kind: 'failed'; status: number; reason: string };

/** Set by the dashboard while its user is logged in, so that pages of viewers without a login send no request. */
export const loginKey = 'broadcast.login';

/** API of moderators, for a user who is logged in at the same address. */
export class ModeratorApi {
  private readonly root: string;

  constructor(channel: string) {
    this.root = `/api/v1/channels/${encodeURIComponent(channel)}/chat`;
  }

  /** Whether the dashboard has noted a login. */
  static get mayBeLoggedIn(): boolean {
    try {
      return window.localStorage.getItem(loginKey) === '1';
    } catch {
      return false;
    }
  }

  /** Gets the chat token of the user. */
  token(): Promise<ModeratorResult<{ token: string; name: string; from: string; isModerator: boolean }>> {
    return this.post('token', {}, (body) => ({
      token: String(body.token),
      name: String(body.name),
      from: String(body.from),
      isModerator: body.isModerator === true,
    }));
  }

  /** Acts; the value is the id with which the action can be undone. */
  act(request: ModeratorRequest): Promise<ModeratorResult<string>> {
    return this.post('actions', request, (body) => String(body.id));
  }

  undo(id: string): Promise<ModeratorResult<string>> {
    return this.post(`actions/${encodeURIComponent(id)}/undo`, {}, (body) => String(body.id));
  }

  private async post<T>(path: string, body: object, parse: (answer: Record<string, unknown>) => T): Promise<ModeratorResult<T>> {
    try {
      const response = await fetch(`${this.root}/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = ((await response.json().catch(() => null)) ?? {}) as Record<string, unknown>;
      if (response.ok) return { kind: 'ok', value: parse(answer) };
      return { kind: 'failed', status: response.status, reason: reasonOf(answer) };
    } catch {
      return { kind: 'failed', status: 0, reason: '' };
    }
  }
}

/** Text of problem details (RFC 9457): that of the members, if there are any. */
function reasonOf(answer: Record<string, unknown>): string {
  const { errors, detail } = answer;
  if (typeof errors === 'object' && errors !== null) {
    const texts = Object.values(errors).flat().filter((text): text is string => typeof text === 'string');
    if (texts.length > 0) return texts.join(' ');
  }
  return typeof detail === 'string' ? detail : '';
}
