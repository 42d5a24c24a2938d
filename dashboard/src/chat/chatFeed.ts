/** A message that viewers see. */
export interface ChatMessage {
  id: string;
  /** The participant; names need not be unique. */
  from: string;
  name: string;
  text: string;
  replyTo: string | null;
  /** Program date-time that the sender was watching, in ms since 1970. */
  time: number;
  role: 'member' | 'moderator' | null;
  isAnnouncement: boolean;
}

/** State of the chat beside the messages. */
export interface ChatState {
  /** Minimum time between two messages of a participant in s; 0 for none. */
  slowSeconds: number;
  membersOnly: boolean;
  /** Only moderators can write. */
  frozen: boolean;
  /** Each message waits for a moderator. */
  reviewed: boolean;
  pinned: ChatMessage | null;
  poll: ChatPoll | null;
  /** Whether viewers can react. */
  reactions: boolean;
  /** Version of the questions to the hosts; null without questions. */
  questions: number | null;
}

/** A poll. */
export interface ChatPoll {
  id: string;
  question: string;
  options: { text: string; votes: number }[];
  /** End of voting in ms since 1970. */
  endsAt: number | null;
}

/** News of a chat. `reset` begins a new session: earlier messages no longer belong to it. */
export interface ChatNews {
  reset: boolean;
  messages: ChatMessage[];
  removed: string[];
  /** Number of reactions by emoji. */
  reactions: Record<string, number>;
  session: string;
  state: ChatState;
}

interface ChatList {
  session: string;
  first: number;
  last: number;
  state: ChatState;
  /** The newest batches, when the server includes all that follow the number in the request; otherwise empty. */
  batches: unknown[];
}

type Load = (url: string, signal: AbortSignal) => Promise<unknown>;

/** Number of batches that a page reads when it opens, and after an interruption. */
const batchesAtStart = 30;
/** Delay after a response without news, so that a cache that repeats it is not asked in a loop. */
const pauseMs = 1000;
const maxPauseMs = 15_000;

/**
 * Reads the chat of a channel: the list of batches, which the server holds until there is a new one and which then includes it, and
 * further batches.
 */
export class ChatFeed {
  private session: string | null = null;
  private last = 0;
  private failures = 0;
  private stopped: AbortController | null = null;
  private readonly liveRoot: string;
  private readonly onNews: (news: ChatNews) => void;
  private readonly onState: (isConnected: boolean) => void;
  private readonly load: Load;

  /** @param liveRoot URL of the channel: `…/live/NAME` */
  constructor(liveRoot: string, onNews: (news: ChatNews) => void, onState: (isConnected: boolean) => void, load: Load = loadJson) {
    this.liveRoot = liveRoot;
    this.onNews = onNews;
    this.onState = onState;
    this.load = load;
  }

  /** Reads until `stop`. */
  start(): void {
    if (this.stopped !== null) return;
    this.stopped = new AbortController();
    void this.run(this.stopped.signal);
  }

  stop(): void {
    this.stopped?.abort();
    this.stopped = null;
  }

  /** Reads the newest batches again. The next news begins with them. */
  restart(): void {
    this.stop();
    this.session = null;
    this.start();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const hadNews = await this.readOnce(signal);
        this.failures = 0;
        this.onState(true);
        if (!hadNews) await sleep(pauseMs, signal);
      } catch {
        if (signal.aborted) return;
        this.failures++;
        this.onState(false);
        await sleep(Math.min(maxPauseMs, pauseMs * 2 ** (this.failures - 1)) * (0.75 + 0.5 * Math.random()), signal);
      }
    }
  }

  /** Returns whether there was something new. */
  private async readOnce(signal: AbortSignal): Promise<boolean> {
    const query = this.session === null ? '' : `?after=${this.last}`;
    const list = parseList(await this.load(`${this.liveRoot}/chat.json${query}`, signal));
    if (list === null) throw new Error('invalid list');
    // A smaller number: the server was restored from a backup.
    const reset = list.session !== this.session || list.last < this.last;
    const from = reset ? Math.max(list.first, list.last - batchesAtStart + 1) : Math.max(this.last + 1, list.last - batchesAtStart + 1);
    if (!reset && from > list.last) return false;
    const numbers = Array.from({ length: Math.max(0, list.last - from + 1) }, (_, i) => from + i);
    const bodies =
      !reset && list.batches.length === list.last - this.last
        ? list.batches
        : await Promise.all(numbers.map((number) => this.load(`${this.liveRoot}/${list.session}/chat/${number}.json`, signal)));
    const batches = bodies.map(parseBatch);
    signal.throwIfAborted();
    this.session = list.session;
    this.last = list.last;
    this.onNews({
      reset,
      messages: batches.flatMap((batch) => batch.messages),
      removed: batches.flatMap((batch) => batch.removed),
      reactions: reset ? {} : sumOf(batches.map((batch) => batch.reactions)),
      session: list.session,
      state: list.state,
    });
    return true;
  }
}

export function parseList(body: unknown): ChatList | null {
  const fields = fieldsOf(body);
  return typeof fields.session === 'string' && isCount(fields.first) && isCount(fields.last)
    ? {
        session: fields.session,
        first: fields.first,
        last: fields.last,
        state: parseState(fields.state),
        batches: Array.isArray(fields.batches) ? fields.batches : [],
      }
    : null;
}

export function parseState(body: unknown): ChatState {
  const { slowSeconds, membersOnly, frozen, reviewed, pinned, poll, reactions, questions } = fieldsOf(body);
  return {
    slowSeconds: isCount(slowSeconds) ? slowSeconds : 0,
    membersOnly: membersOnly === true,
    frozen: frozen === true,
    reviewed: reviewed === true,
    pinned: parseMessage(pinned),
    poll: parsePoll(poll),
    reactions: reactions !== false,
    questions: isCount(questions) ? questions : null,
  };
}

function parsePoll(value: unknown): ChatPoll | null {
  const { id, question, options, endsAt } = fieldsOf(value);
  const end = typeof endsAt === 'string' ? Date.parse(endsAt) : Number.NaN;
  if (typeof id !== 'string' || typeof question !== 'string' || !Array.isArray(options)) return null;
  const parsed = options.map(fieldsOf).flatMap(({ text, votes }) => (typeof text === 'string' && isCount(votes) ? [{ text, votes }] : []));
  return parsed.length === options.length ? { id, question, options: parsed, endsAt: Number.isNaN(end) ? null : end } : null;
}

function sumOf(all: Record<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const counts of all) for (const [emoji, count] of Object.entries(counts)) sum[emoji] = (sum[emoji] ?? 0) + count;
  return sum;
}

/** Unknown and invalid parts are left out. */
export function parseBatch(body: unknown): { messages: ChatMessage[]; removed: string[]; reactions: Record<string, number> } {
  const fields = fieldsOf(body);
  const messages = Array.isArray(fields.messages) ? fields.messages.map(parseMessage).filter((message) => message !== null) : [];
  const removed = Array.isArray(fields.removed) ? fields.removed.filter((id): id is string => typeof id === 'string') : [];
  const reactions = Object.fromEntries(Object.entries(fieldsOf(fields.reactions)).filter((entry): entry is [string, number] =>
    isCount(entry[1])));
  return { messages, removed, reactions };
}

function parseMessage(value: unknown): ChatMessage | null {
  const { id, from, name, text, replyTo, time, role, kind } = fieldsOf(value);
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return typeof id === 'string' && typeof from === 'string' && typeof name === 'string' && typeof text === 'string' && !Number.isNaN(at)
    ? {
        id,
        from,
        name,
        text,
        replyTo: typeof replyTo === 'string' ? replyTo : null,
        time: at,
        role: role === 'member' || role === 'moderator' ? role : null,
        isAnnouncement: kind === 'announcement',
      }
    : null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

async function loadJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
