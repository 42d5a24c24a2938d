import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { dayKey, daysBetween, type DayPart, spreadOverDays } from './calendar';
import { isMovable as canMove, type PlannedEvent } from './eventApi';
import { startClock, whenText } from './eventText';

const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const dragType = 'application/x-broadcast-event';

// Shift, because arrow keys alone scroll.
const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const shortcuts = Object.keys(steps)
  .map((key) => `Shift+${key}`)
  .join(' ');

interface EventCalendarProps {
  /** Seven days each, from Monday. */
  weeks: readonly (readonly Date[])[];
  /** Accessible name of the calendar. */
  label: string;
  events: readonly PlannedEvent[];
  today: Date;
  /** The displayed month, 0 to 11; other days are dimmed. Null if all days count. */
  month: number | null;
  allowMove: boolean;
  /** Id of the event being moved. */
  moving?: string | null;
  onOpen: (event: PlannedEvent) => void;
  /** Whole days; negative for earlier. */
  onMove: (event: PlannedEvent, days: number) => void;
}

/** A calendar with a row per week and a cell per day. Events are ordered by start. */
export function EventCalendar({ weeks, label, events, today, month, allowMove, moving = null, onOpen, onMove }: EventCalendarProps) {
  const [dropTarget, setDropTarget] = useState<string | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const focusedEvent = useRef<string | null>(null);
  const days = spreadOverDays(events, weeks.flat());
  const todayKey = dayKey(today);

  // An event moved by keyboard keeps the focus in its new cell.
  useEffect(() => {
    if (focusedEvent.current === null) return;
    const isFocusLost = document.activeElement === null || document.activeElement === document.body;
    if (isFocusLost) table.current?.querySelector<HTMLElement>(`[data-event="${CSS.escape(focusedEvent.current)}"]`)?.focus();
    // After the move, stop following the focus.
    if (moving === null) focusedEvent.current = null;
  }, [events, moving]);

  function onDrop(drag: DragEvent, day: Date) {
    drag.preventDefault();
    setDropTarget(null);
    const [id, from] = drag.dataTransfer.getData(dragType).split(' ');
    const event = events.find((one) => one.id === id);
    const source = weeks.flat().find((one) => dayKey(one) === from);
    if (event === undefined || source === undefined) return;
    const moved = daysBetween(source, day);
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
              const dayParts = days.get(key) ?? [];
              return (
                <td
                  key={key}
                  data-day={key}
                  data-empty={dayParts.length === 0}
                  data-today={key === todayKey}
                  data-other-month={month !== null && day.getMonth() !== month}
                  data-drop-target={dropTarget === key}
                  onDragOver={(drag) => {
                    if (!allowMove || !drag.dataTransfer.types.includes(dragType)) return;
                    drag.preventDefault();
                    if (dropTarget !== key) setDropTarget(key);
                  }}
                  onDragLeave={() => setDropTarget(null)}
                  onDrop={(drag) => onDrop(drag, day)}
                >
                  <span className="day" aria-current={key === todayKey ? 'date' : undefined}>
                    <span className="day-short">{day.getDate()}</span>
                    <span className="day-long">{dayName.format(day)}</span>
                  </span>
                  <ul>
                    {dayParts.map((part) => (
                      <li key={part.event.id}>
                        <EventChip
                          part={part}
                          day={key}
                          allowMove={allowMove && canMove(part.event)}
                          isMoving={moving === part.event.id}
                          onOpen={() => onOpen(part.event)}
                          onStep={(offset) => {
                            focusedEvent.current = part.event.id;
                            onMove(part.event, offset);
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
  allowMove: boolean;
  isMoving: boolean;
  onOpen: () => void;
  onStep: (days: number) => void;
}

function EventChip({ part: { event, continues }, day, allowMove, isMoving, onOpen, onStep }: EventChipProps) {
  const text = adminText.schedule;
  const state = text.states[event.state] ?? event.state;

  function onKeyDown(pressed: KeyboardEvent) {
    const offset = steps[pressed.key];
    if (!allowMove || offset === undefined || !pressed.shiftKey || pressed.altKey || pressed.ctrlKey || pressed.metaKey) return;
    pressed.preventDefault();
    onStep(offset);
  }

  return (
    <button
      type="button"
      className="event-chip"
      data-state={event.state}
      data-event={event.id}
      data-before={continues.before}
      data-after={continues.after}
      data-moving={isMoving}
      title={`${event.title} · ${event.channel} · ${state} · ${whenText(event.startsAt, event.endsAt)}`}
      draggable={allowMove}
      aria-keyshortcuts={allowMove ? shortcuts : undefined}
      onDragStart={(drag) => {
        drag.dataTransfer.setData(dragType, `${event.id} ${day}`);
        drag.dataTransfer.effectAllowed = 'move';
      }}
      onKeyDown={onKeyDown}
      onClick={onOpen}
    >
      <span className="event-clock">{continues.before ? text.continues : startClock(event)}</span>{' '}
      <span className="event-title">{event.title}</span>
      {event.state !== 'scheduled' && <span className="event-state"> {state}</span>}
    </button>
  );
}
