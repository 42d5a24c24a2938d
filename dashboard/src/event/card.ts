import { countdown } from '../player/countdown';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { icon, setIcon } from '../player/icons';
import { watchText } from '../text/watch';
import type { EventPhase, EventReport, EventStatus } from './eventStatus';

/** What stands on the stage while nothing of the event plays: its countdown over its picture, or why there is nothing to see. */
export class EventCard {
  readonly root = element('section', { class: 'stage event-card' });
  private readonly picture = element('img', { class: 'event-picture', alt: '', hidden: true });
  private readonly icon = icon('clock');
  private readonly title = element('p', { class: 'message-title' });
  // A clock that counts down is not read out every second.
  private readonly left = element('p', { class: 'message-left', role: 'timer', 'aria-live': 'off', hidden: true });
  private readonly hint = element('p', { class: 'message-hint' });
  private shownPicture: string | null = null;

  constructor() {
    this.root.append(
      this.picture,
      element('div', { class: 'message', role: 'status', 'data-icon': 'icon' }, this.icon, this.title, this.left, this.hint),
    );
    this.picture.addEventListener('load', () => {
      setHidden(this.picture, false);
      setAttribute(this.root, 'data-poster', 'shown');
    });
  }

  draw(phase: EventPhase, report: EventReport, known: EventStatus | null, fallbackPicture: string | null, now: number): void {
    this.show(known?.poster ?? fallbackPicture);
    setIcon(this.icon, phase === 'ended' ? 'check' : phase === 'cancelled' || phase === 'notFound' || phase === 'denied' || phase === 'unreachable' ? 'warning' : 'clock');
    const { clock, left } = known === null ? { clock: '', left: null } : countdown(known.startsAt, now);
    setHidden(this.left, phase !== 'countdown' || left === null);
    setText(this.left, left ?? '');
    const [title, hint] = this.texts(phase, report, known, clock);
    setText(this.title, title);
    setText(this.hint, hint);
  }

  private texts(phase: EventPhase, report: EventReport, known: EventStatus | null, clock: string): [string, string] {
    const text = watchText.event;
    switch (phase) {
      case 'countdown':
        return [known?.title ?? '', `${text.begins(clock)}.\n${text.stay}`];
      case 'late':
        return [known?.title ?? '', `${text.late}\n${text.stay}`];
      case 'cancelled':
        return [text.cancelledTitle, text.cancelledHint];
      case 'ended':
        return [text.endedTitle, text.endedHint];
      case 'notFound':
        return [text.notFoundTitle, text.notFoundHint];
      case 'denied': {
        const why = report.kind === 'denied' && report.noToken ? text.noToken : text.denied;
        return [why.title, why.hint];
      }
      case 'unreachable':
        return [text.unreachable.title, text.unreachable.hint];
      default:
        return [known?.title ?? text.loading, ''];
    }
  }

  private show(address: string | null): void {
    if (address === this.shownPicture) return;
    this.shownPicture = address;
    setHidden(this.picture, true);
    if (address === null) this.picture.removeAttribute('src');
    else this.picture.src = address;
  }
}
