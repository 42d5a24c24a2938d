import { element, setHidden, setText } from '../player/dom';
import { chatText } from '../text/chat';

/** Emoji that the server accepts, in its order. */
export const reactionEmoji = ['👏', '❤️', '😂', '😮', '🎉', '🔥'] as const;

/** Taps are sent together, at most once in this time. */
const sendMs = 1500;
/** Counts of the last reactions stay visible for this time. */
const shownMs = 6000;
/** Maximum of one emoji in a request. */
const maxCount = 20;

/** Taps that wait to be sent. */
export class ReactionTaps {
  private counts = new Map<string, number>();

  add(emoji: string): void {
    this.counts.set(emoji, Math.min(maxCount, (this.counts.get(emoji) ?? 0) + 1));
  }

  /** Takes all taps; null if there are none. */
  take(): Record<string, number> | null {
    if (this.counts.size === 0) return null;
    const taken = Object.fromEntries(this.counts);
    this.counts = new Map();
    return taken;
  }
}

/** Buttons with which viewers react, and the number of reactions of all viewers in the last seconds. */
export class ReactionBar {
  readonly root: HTMLElement;
  private readonly taps = new ReactionTaps();
  private readonly badges = new Map<string, HTMLElement>();
  private readonly recent: { at: number; emoji: string; count: number }[] = [];
  private readonly onSend: (counts: Record<string, number>) => void;
  private timer: number | undefined;
  private clear: number | undefined;

  /** @param mayReact called at a tap; false when the viewer must join first */
  constructor(mayReact: () => boolean, onSend: (counts: Record<string, number>) => void) {
    this.onSend = onSend;
    this.root = element('div', { class: 'chat-reactions', role: 'group', 'aria-label': chatText.reactions });
    for (const emoji of reactionEmoji) {
      const badge = element('span', { class: 'chat-reaction-count' });
      const button = element('button', { type: 'button', class: 'chat-reaction', 'aria-label': chatText.react(emoji) }, emoji, badge);
      button.addEventListener('click', () => {
        if (!mayReact()) return;
        this.taps.add(emoji);
        this.timer ??= window.setTimeout(() => this.flush(), sendMs);
      });
      this.badges.set(emoji, badge);
      this.root.append(button);
    }
  }

  setEnabled(isEnabled: boolean): void {
    setHidden(this.root, !isEnabled);
  }

  /** Shows reactions of all viewers. */
  show(counts: Record<string, number>): void {
    const now = performance.now();
    for (const [emoji, count] of Object.entries(counts)) if (this.badges.has(emoji)) this.recent.push({ at: now, emoji, count });
    this.render(now);
  }

  private flush(): void {
    this.timer = undefined;
    const counts = this.taps.take();
    if (counts !== null) this.onSend(counts);
  }

  private render(now: number): void {
    while (this.recent[0] !== undefined && now - this.recent[0].at >= shownMs) this.recent.shift();
    for (const [emoji, badge] of this.badges) {
      const sum = this.recent.reduce((total, entry) => total + (entry.emoji === emoji ? entry.count : 0), 0);
      setText(badge, sum === 0 ? '' : compact(sum));
    }
    window.clearTimeout(this.clear);
    if (this.recent.length > 0) this.clear = window.setTimeout(() => this.render(performance.now()), 1000);
  }
}

/** A short form of a number, so that the buttons keep their size. */
export function compact(count: number): string {
  if (count < 1000) return String(count);
  return count < 10_000 ? `${Math.floor(count / 100) / 10}k` : `${Math.floor(count / 1000)}k`;
}
