import { adminText } from '../../text';
import { byDay } from './calendar';
import type { PlannedEvent } from './eventApi';
import { isLong, pillOf, startClock, stateSentence, whenText } from './eventWords';

const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

interface EventListProps {
  events: readonly PlannedEvent[];
  /** The channels that viewers see now, by name. */
  onAir?: ReadonlySet<string>;
  onOpen: (event: PlannedEvent) => void;
}

/** Events one below the other, by day. */
export function EventList({ events, onAir, onOpen }: EventListProps) {
  return (
    <div className="event-list">
      {[...byDay(events)].map(([key, found]) => (
        <section key={key}>
          <h2>{dayName.format(new Date(found[0]?.startsAt ?? 0))}</h2>
          <ul>
            {found.map((event) => (
              <li key={event.id}>
                <EventLine event={event} isOnAir={onAir?.has(event.channel) ?? false} onOpen={() => onOpen(event)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function EventLine({ event, isOnAir, onOpen }: { event: PlannedEvent; isOnAir: boolean; onOpen: () => void }) {
  const text = adminText.schedule;
  const sentence = stateSentence(event, isOnAir);
  return (
    <button type="button" className="event-line" data-state={event.state} onClick={onOpen}>
      <span className="event-clock">{startClock(event)}</span>
      <span className="event-words">
        <span className="event-title">{event.title}</span>
        <span className="field-hint">
          {text.onChannel(event.channel)}
          {event.series !== null && ` · ${text.recurs}`}
          {isLong(event) && ` · ${whenText(event.startsAt, event.endsAt)}`}
          {sentence !== '' && ` · ${sentence}`}
        </span>
      </span>
      <span className="pill" data-pill={pillOf(event.state)}>
        <span className="dot" aria-hidden="true" />
        {text.states[event.state] ?? event.state}
      </span>
    </button>
  );
}
