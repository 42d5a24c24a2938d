import { countdown } from '../player/countdown';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { icon, setIcon } from '../player/icons';
import type { EventText } from '../text/watch';
import type { EventPhase, EventReport, EventStatus } from './eventStatus';

/** Shown on the stage while no video of the event plays: the countdown over its poster, or a message. */
export class EventCard {
  readonly root = element('section', { class: 'stage event-card' });
  private readonly poster = element('img', { class: 'event-poster', alt: '', hidden: true });
  private readonly icon = icon('clock');
  private readonly title = element('p', { class: 'message-title' });
  // Screen readers do not announce each second.
  private readonly countdown = element('p', { class: 'message-countdown', role: 'timer', 'aria-live': 'off', hidden: true });
  private readonly hint = element('p', { class: 'message-hint' });
  private readonly text: EventText;
  private shownPoster: string | null = null;

  constructor(text: EventText) {
    this.text = text;
    this.root.append(
      this.poster,
      element('div', { class: 'message', role: 'status', 'data-icon': 'icon' }, this.icon, this.title, this.countdown, this.hint),
    );
    this.poster.addEventListener('load', () => {
      setHidden(this.poster, false);
      setAttribute(this.root, 'data-poster', 'shown');
    });
  }

  render(phase: EventPhase, report: EventReport, known: EventStatus | null, fallbackPoster: string | null, now: number): void {
    this.show(known?.poster ?? fallbackPoster);
    setIcon(
      this.icon,
      phase === 'ended'
        ? 'check'
        : phase === 'cancelled' || phase === 'notFound' || phase === 'denied' || phase === 'unreachable'
          ? 'warning'
          : 'clock',
    );
    const { clock, remaining } = known === null ? { clock: '', remaining: null } : countdown(known.startsAt, now);
    setHidden(this.countdown, phase !== 'countdown' || remaining === null);
    setText(this.countdown, remaining ?? '');
    const [title, hint] = this.messageFor(phase, report, known, clock);
    setText(this.title, title);
    setText(this.hint, hint);
  }

  private messageFor(phase: EventPhase, report: EventReport, known: EventStatus | null, clock: string): [string, string] {
    const { text } = this;
    switch (phase) {
      case 'countdown':
        return [known?.title ?? '', `${text.startsAt(clock)}.\n${text.waitHint}`];
      case 'late':
        return [known?.title ?? '', `${text.startingSoon}\n${text.waitHint}`];
      case 'cancelled':
        return [text.cancelledTitle, text.cancelledHint];
      case 'ended':
        return [text.endedTitle, text.endedHint];
      case 'notFound':
        return [text.notFoundTitle, text.notFoundHint];
      case 'denied': {
        const message = report.kind === 'denied' && report.noToken ? text.noToken : text.denied;
        return [message.title, message.hint];
      }
      case 'unreachable':
        return [text.unreachable.title, text.unreachable.hint];
      default:
        return [known?.title ?? text.loading, ''];
    }
  }

  private show(url: string | null): void {
    if (url === this.shownPoster) return;
    this.shownPoster = url;
    setHidden(this.poster, true);
    if (url === null) this.poster.removeAttribute('src');
    else this.poster.src = url;
  }
}
