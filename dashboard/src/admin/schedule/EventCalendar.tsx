import { type DragEvent, useState } from 'react';
import { adminText } from '../../text';
import { byDay, dayKey, daysBetween } from './calendar';
import type { PlannedEvent } from './eventApi';
import { startClock } from './eventWords';

const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const dragType = 'application/x-broadcast-event';

interface EventCalendarProps {
  /** Each of seven days, from Monday on. */
  weeks: readonly (readonly Date[])[];
  /** What it is a calendar of, for those who do not see it. */
  label: string;
  events: readonly PlannedEvent[];
  today: Date;
  /** The month that is shown, 0 to 11, so that other days stand back; null where all count. */
  month: number | null;
  mayMove: boolean;
  onOpen: (event: PlannedEvent) => void;
  onMove: (event: PlannedEvent, days: number) => void;
}

/** Weeks as rows, days as cells, events in them by the time at which they start. */
export function EventCalendar({ weeks, label, events, today, month, mayMove, onOpen, onMove }: EventCalendarProps) {
  const [over, setOver] = useState<string | null>(null);
  const days = byDay(events, weeks[0]?.[0]);
  const todayKey = dayKey(today);

  function drop(drag: DragEvent, day: Date) {
    drag.preventDefault();
    setOver(null);
    const event = events.find((one) => one.id === drag.dataTransfer.getData(dragType));
    if (event === undefined) return;
    const moved = daysBetween(new Date(event.startsAt), day);
    if (moved !== 0) onMove(event, moved);
  }

  return (
    <table className="calendar" aria-label={label} data-weeks={weeks.length}>
      <thead>
        <tr>
          {weeks[0]?.map((day) => (
            <th key={day.getDay()} scope="col">
              {weekday.format(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={dayKey(week[0] ?? today)}>
            {week.map((day) => {
              const key = dayKey(day);
              const found = days.get(key) ?? [];
              return (
                <td
                  key={key}
                  data-empty={found.length === 0}
                  data-today={key === todayKey}
                  data-other={month !== null && day.getMonth() !== month}
                  data-over={over === key}
                  onDragOver={(drag) => {
                    if (!mayMove || !drag.dataTransfer.types.includes(dragType)) return;
                    drag.preventDefault();
                    if (over !== key) setOver(key);
                  }}
                  onDragLeave={() => setOver(null)}
                  onDrop={(drag) => drop(drag, day)}
                >
                  <span className="day" aria-current={key === todayKey ? 'date' : undefined}>
                    <span className="day-short">{day.getDate()}</span>
                    <span className="day-long">{dayName.format(day)}</span>
                  </span>
                  <ul>
                    {found.map((event) => (
                      <li key={event.id}>
                        <EventChip event={event} mayMove={mayMove && event.state === 'scheduled'} onOpen={() => onOpen(event)} />
                      </li>
                    ))}
                  </ul>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EventChip({ event, mayMove, onOpen }: { event: PlannedEvent; mayMove: boolean; onOpen: () => void }) {
  const state = adminText.schedule.states[event.state] ?? event.state;
  return (
    <button
      type="button"
      className="event-chip"
      data-state={event.state}
      title={`${event.title} · ${event.channel} · ${state}`}
      draggable={mayMove}
      onDragStart={(drag) => {
        drag.dataTransfer.setData(dragType, event.id);
        drag.dataTransfer.effectAllowed = 'move';
      }}
      onClick={onOpen}
    >
      <span className="event-clock">{startClock(event)}</span> <span className="event-title">{event.title}</span>
      {event.state !== 'scheduled' && <span className="event-state"> {state}</span>}
    </button>
  );
}
