import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { dayKey, daysBetween, type DayPart, onEachDay } from './calendar';
import { mayMove as canMove, type PlannedEvent } from './eventApi';
import { startClock, whenText } from './eventWords';

const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const dragType = 'application/x-broadcast-event';

// With Shift, so that arrows alone scroll as ever.
const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const shortcuts = Object.keys(steps)
  .map((key) => `Shift+${key}`)
  .join(' ');

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
  /** The event that the server is asked to move. */
  moving?: string | null;
  onOpen: (event: PlannedEvent) => void;
  /** Whole days, later or (less than 0) earlier. */
  onMove: (event: PlannedEvent, days: number) => void;
}

/** Weeks as rows, days as cells, events in each of theirs by the time at which they start. */
export function EventCalendar({ weeks, label, events, today, month, mayMove, moving = null, onOpen, onMove }: EventCalendarProps) {
  const [over, setOver] = useState<string | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const followed = useRef<string | null>(null);
  const days = onEachDay(events, weeks.flat());
  const todayKey = dayKey(today);

  // What is moved by keys keeps the focus in its new day, where the next key moves it on.
  useEffect(() => {
    if (followed.current === null) return;
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost) table.current?.querySelector<HTMLElement>(`[data-event="${CSS.escape(followed.current)}"]`)?.focus();
    // Once it is where it stays, the focus is the reader's again, wherever it is.
    if (moving === null) followed.current = null;
  }, [events, moving]);

  function drop(drag: DragEvent, day: Date) {
    drag.preventDefault();
    setOver(null);
    const [id, from] = drag.dataTransfer.getData(dragType).split(' ');
    const event = events.find((one) => one.id === id);
    const taken = weeks.flat().find((one) => dayKey(one) === from);
    if (event === undefined || taken === undefined) return;
    const moved = daysBetween(taken, day);
    if (moved !== 0) onMove(event, moved);
  }

  return (
    <table ref={table} className="calendar" aria-label={label} data-weeks={weeks.length}>
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
              const parts = days.get(key) ?? [];
              return (
                <td
                  key={key}
                  data-day={key}
                  data-empty={parts.length === 0}
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
                    {parts.map((part) => (
                      <li key={part.event.id}>
                        <EventChip
                          part={part}
                          day={key}
                          mayMove={mayMove && canMove(part.event)}
                          isMoving={moving === part.event.id}
                          onOpen={() => onOpen(part.event)}
                          onStep={(by) => {
                            followed.current = part.event.id;
                            onMove(part.event, by);
                          }}
                        />
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

interface EventChipProps {
  part: DayPart;
  day: string;
  mayMove: boolean;
  isMoving: boolean;
  onOpen: () => void;
  onStep: (days: number) => void;
}

function EventChip({ part: { event, goesOn }, day, mayMove, isMoving, onOpen, onStep }: EventChipProps) {
  const text = adminText.schedule;
  const state = text.states[event.state] ?? event.state;

  function step(pressed: KeyboardEvent) {
    const by = steps[pressed.key];
    if (!mayMove || by === undefined || !pressed.shiftKey || pressed.altKey || pressed.ctrlKey || pressed.metaKey) return;
    pressed.preventDefault();
    onStep(by);
  }

  return (
    <button
      type="button"
      className="event-chip"
      data-state={event.state}
      data-event={event.id}
      data-before={goesOn.before}
      data-after={goesOn.after}
      data-moving={isMoving}
      title={`${event.title} · ${event.channel} · ${state} · ${whenText(event.startsAt, event.endsAt)}`}
      draggable={mayMove}
      aria-keyshortcuts={mayMove ? shortcuts : undefined}
      onDragStart={(drag) => {
        drag.dataTransfer.setData(dragType, `${event.id} ${day}`);
        drag.dataTransfer.effectAllowed = 'move';
      }}
      onKeyDown={step}
      onClick={onOpen}
    >
      <span className="event-clock">{goesOn.before ? text.goesOn : startClock(event)}</span> <span className="event-title">{event.title}</span>
      {event.state !== 'scheduled' && <span className="event-state"> {state}</span>}
    </button>
  );
}
