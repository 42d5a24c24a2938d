import { adminText } from '../../text';
import { groupByDay } from './calendar';
import type { PlannedEvent } from './eventApi';
import { spansDays, pillState, startClock, stateDetail, whenText } from './eventText';

const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

interface EventListProps {
  events: readonly PlannedEvent[];
  /** Names of the channels that viewers see now. */
  liveChannels?: ReadonlySet<string>;
  onOpen: (event: PlannedEvent) => void;
}

/** Events grouped by day. */
export function EventList({ events, liveChannels, onOpen }: EventListProps) {
  return (
    <div className="event-list">
      {[...groupByDay(events)].map(([key, dayEvents]) => (
        <section key={key}>
          <h2>{dayName.format(new Date(dayEvents[0]?.startsAt ?? 0))}</h2>
          <ul>
            {dayEvents.map((event) => (
              <li key={event.id}>
                <EventRow event={event} isOnAir={liveChannels?.has(event.channel) ?? false} onOpen={() => onOpen(event)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function EventRow({ event, isOnAir, onOpen }: { event: PlannedEvent; isOnAir: boolean; onOpen: () => void }) {
  const text = adminText.schedule;
  const detail = stateDetail(event, isOnAir);
  return (
    <button type="button" className="event-row" data-state={event.state} onClick={onOpen}>
      <span className="event-clock">{startClock(event)}</span>
      <span className="event-details">
        <span className="event-title">{event.title}</span>
        <span className="field-hint">
          {text.onChannel(event.channel)}
          {event.series !== null && ` · ${text.repeats}`}
          {spansDays(event) && ` · ${whenText(event.startsAt, event.endsAt)}`}
          {detail !== '' && ` · ${detail}`}
        </span>
      </span>
      <span className="pill" data-pill={pillState(event.state)}>
        <span className="dot" aria-hidden="true" />
        {text.states[event.state] ?? event.state}
      </span>
    </button>
  );
}
