/** A participant of the chat of one channel. */
export interface Participant {
  name: string;
  token: string;
  /** Id of the participant that everybody sees; empty if unknown. */
  from: string;
}

/** A stored message. */
export interface SentMessage {
  id: string;
  /** Others see it when a moderator approves it. */
  isHeld: boolean;
  /** Its text, if the review has changed it. */
  text: string | null;
}

/** Result of a request: a value, or the reason why there is none. */
export type Sent<T> = { kind: 'ok'; value: T } | { kind: 'rejected'; status: number; reason: string; retryAfter: number };

/** Joins the chat of a channel and sends messages. Keeps the participant in the browser, so that a reload keeps the name. */
export class ChatSender {
  participant: Participant | null;
  private readonly postRoot: string;
  private readonly key: string;

  /** @param postRoot URL of the requests: `…/chat/NAME` */
  constructor(postRoot: string, channel: string) {
    this.postRoot = postRoot;
    this.key = `chat:${channel}`;
    this.participant = readParticipant(this.key);
  }

  /** Becomes a new participant. */
  async join(name: string): Promise<Sent<Participant>> {
    const answer = await post(`${this.postRoot}/join`, { name });
    if (answer.kind === 'rejected') return answer;
    const token = textOf(answer.value, 'token');
    if (token === null) return { kind: 'rejected', status: 0, reason: '', retryAfter: 0 };
    this.participant = { name, token, from: textOf(answer.value, 'from') ?? '' };
    store(this.key, this.participant);
    return { kind: 'ok', value: this.participant };
  }

  /** Takes part with a token that a user has. It is short-lived, so the browser does not keep it. */
  use(participant: Participant): void {
    this.participant = participant;
  }

  /** Sends a message. A token that is no longer valid ends the participation. */
  async send(text: string, replyTo: string | null, time: number | null): Promise<Sent<SentMessage>> {
    const answer = await post(
      `${this.postRoot}/messages`,
      { text, replyTo: replyTo ?? undefined, time: time === null ? undefined : new Date(time).toISOString() },
      this.participant?.token,
    );
    if (answer.kind === 'ok') {
      return { kind: 'ok', value: sentMessage(answer.value) };
    }
    if (answer.status === 401) this.leave();
    return answer;
  }

  /** Sends reactions, by emoji. */
  react(reactions: Record<string, number>): Promise<Sent<unknown>> {
    return this.post('reactions', { reactions });
  }

  /** Votes in a poll. */
  vote(poll: string, choice: number): Promise<Sent<unknown>> {
    return this.post('votes', { poll, choice });
  }

  /** Asks the hosts a question. */
  async ask(text: string, time: number | null): Promise<Sent<SentMessage>> {
    const answer = await this.post('questions', { text, time: time === null ? undefined : new Date(time).toISOString() });
    return answer.kind === 'ok' ? { kind: 'ok', value: sentMessage(answer.value) } : answer;
  }

  /** Votes for a question. */
  voteQuestion(question: string): Promise<Sent<unknown>> {
    return this.post('question-votes', { question });
  }

  private async post(path: string, body: object): Promise<Sent<unknown>> {
    const answer = await post(`${this.postRoot}/${path}`, body, this.participant?.token);
    if (answer.kind === 'rejected' && answer.status === 401) this.leave();
    return answer;
  }

  leave(): void {
    this.participant = null;
    store(this.key, null);
  }
}

async function post(url: string, body: object, token?: string): Promise<Sent<unknown>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json().catch(() => null);
    return response.ok
      ? { kind: 'ok', value: answer }
      : {
          kind: 'rejected',
          status: response.status,
          reason: textOf(answer, 'error') ?? '',
          retryAfter: Number(response.headers.get('Retry-After') ?? 0) || 0,
        };
  } catch {
    return { kind: 'rejected', status: 0, reason: '', retryAfter: 0 };
  }
}

function sentMessage(body: unknown): SentMessage {
  return { id: textOf(body, 'id') ?? '', isHeld: textOf(body, 'state') === 'held', text: textOf(body, 'text') };
}

function textOf(body: unknown, name: string): string | null {
  const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : null;
  return typeof value === 'string' ? value : null;
}

function readParticipant(key: string): Participant | null {
  try {
    const stored: unknown = JSON.parse(window.localStorage.getItem(key) ?? 'null');
    const [name, token] = [textOf(stored, 'name'), textOf(stored, 'token')];
    return name === null || token === null ? null : { name, token, from: textOf(stored, 'from') ?? '' };
  } catch {
    // Storage can be disabled.
    return null;
  }
}

function store(key: string, participant: Participant | null): void {
  try {
    if (participant === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, JSON.stringify(participant));
  } catch {
    // The participation then ends with the page.
  }
}
