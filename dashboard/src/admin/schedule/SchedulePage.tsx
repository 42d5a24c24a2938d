import './schedule.css';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import { type Api, ApiError, type Channel } from '../api';
import { Notice, type Said } from '../Notice';
import { isOnAir } from '../now/cardWords';
import { usePolled } from '../usePolled';
import { addDays, dayOf, turned, type View, weeksOf } from './calendar';
import { EventCalendar } from './EventCalendar';
import { changeEvent, listAllEvents, type PlannedEvent } from './eventApi';
import { EventDialogs, type Opened } from './EventDialogs';
import { EventList } from './EventList';
import { whenText } from './eventWords';
import { plannedSaid } from './plannedSaid';
import { ScheduleTools } from './ScheduleTools';
import { movedDays, movedInstant, ownTimeZone } from './wallClock';

const everyMs = 10_000;
const systemEveryMs = 300_000;
const listed = 50;

interface SchedulePageProps {
  api: Api;
  /** Where viewers' pages are: scheme and host. */
  origin: string;
  role: string;
  /** Null until they are known. */
  channels: readonly Channel[] | null;
  onExpired: () => void;
}

/** What is planned, as a list or a calendar, and everything that can be done about it. */
export function SchedulePage({ api, origin, role, channels, onExpired }: SchedulePageProps) {
  const [view, setView] = useState<View>(() => (window.matchMedia('(max-width: 900px)').matches ? 'list' : 'month'));
  const [around, setAround] = useState(() => dayOf(new Date()));
  const [channel, setChannel] = useState('');
  const [shown, setShown] = useState(listed);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  // Where somebody put an event, until the server has said whether it can be there.
  const [moving, setMoving] = useState<PlannedEvent | null>(null);
  const isMoving = useRef(false);
  const system = usePolled(useCallback(() => api.system(), [api]), systemEveryMs, onExpired);
  const mayManage = mayDo(role, 'producer');
  const text = adminText.schedule;

  const weeks = useMemo(() => (view === 'list' ? [] : weeksOf(view, around)), [view, around]);
  const ask = useCallback(() => {
    const filter = channel === '' ? {} : { channel };
    const first = weeks[0]?.[0];
    const last = weeks.at(-1)?.[6];
    if (first === undefined || last === undefined) return listAllEvents(api, { ...filter, from: new Date() }, shown);
    return listAllEvents(api, { ...filter, from: first, to: addDays(last, 1) });
  }, [api, channel, weeks, shown]);
  const events = usePolled(ask, everyMs, onExpired);

  // What the server says now counts, unless it was asked before it knew of the move.
  useEffect(() => {
    if (!isMoving.current) setMoving(null);
  }, [events.data]);

  async function move(event: PlannedEvent, to: string): Promise<PlannedEvent> {
    const from = event.localStart.slice(0, 16);
    const changed = await changeEvent(api, event.id, { start: to });
    const words = changed.series === null ? text.moved : text.movedOne;
    setSaid({ words: words(changed.title, whenText(changed.startsAt, changed.endsAt)), undo: () => void moveOrSay(changed, from) });
    events.refresh();
    return changed;
  }

  // One at a time: the next one goes from where the one before has left it.
  async function moveOrSay(event: PlannedEvent, to: string): Promise<void> {
    if (isMoving.current) return;
    isMoving.current = true;
    setMoving({ ...event, startsAt: movedInstant(event.startsAt, event.localStart, to), endsAt: movedInstant(event.endsAt, event.localStart, to) });
    try {
      const changed = await move(event, to);
      setMoving(changed);
      const start = new Date(changed.startsAt);
      const [first, last] = [weeks[0]?.[0], weeks.at(-1)?.[6]];
      if (first !== undefined && last !== undefined && (start < first || start >= addDays(last, 1))) setAround(dayOf(start));
    } catch (error) {
      setMoving(null);
      setSaid({ words: text.notMoved(event.title, error instanceof ApiError ? error.words : adminText.failed), isProblem: true });
      events.refresh();
    } finally {
      isMoving.current = false;
    }
  }

  const known = events.data ?? [];
  const found = moving === null ? known : known.map((event) => (event.id === moving.id ? moving : event));
  const isEmpty = events.data?.length === 0;
  const onAir = new Set((channels ?? []).filter(isOnAir).map((one) => one.name));
  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        {mayManage && channels !== null && channels.length > 0 && (
          <div className="tools">
            <button type="button" className="button quiet" onClick={() => setOpened({ as: 'feeds' })}>
              {text.feed.open}
            </button>
            <button type="button" className="button" onClick={() => setOpened({ as: 'create' })}>
              {text.create}
            </button>
          </div>
        )}
      </div>

      <ScheduleTools
        view={view}
        around={around}
        channel={channel}
        channels={channels ?? []}
        onView={setView}
        onAround={setAround}
        onTurn={(by) => view !== 'list' && setAround(turned(view, around, by))}
        onChannel={setChannel}
      />
      {said !== null && <Notice said={said} onDone={() => setSaid(null)} />}
      {mayManage && channels?.length === 0 && <p className="problem">{text.noChannels}</p>}
      {events.error !== null && (
        <p className="problem" role="alert">
          {events.error.words}
        </p>
      )}
      {events.data === null && events.error === null && <p role="status">{adminText.loading}</p>}

      {view === 'list' && isEmpty && (
        <div className="empty">
          <p className="empty-title">{text.empty}</p>
          <p>{mayManage ? text.emptyHint : text.emptyHintReader}</p>
        </div>
      )}
      {view === 'list' && <EventList events={found} onAir={onAir} onOpen={(event) => setOpened({ as: 'event', event })} />}
      {view === 'list' && found.length >= shown && (
        <button type="button" className="button quiet more" onClick={() => setShown(shown + listed)}>
          {text.more}
        </button>
      )}
      {view !== 'list' && <p className="field-hint calendar-help">{isEmpty ? (mayManage ? text.emptyRange : text.emptyRangeReader) : mayManage && <MoveHints />}</p>}
      {view !== 'list' && (
        <EventCalendar
          weeks={weeks}
          label={text.title}
          events={found}
          today={new Date()}
          month={view === 'month' ? around.getMonth() : null}
          mayMove={mayManage}
          moving={moving?.id}
          onOpen={(event) => setOpened({ as: 'event', event })}
          onMove={(event, days) => void moveOrSay(event, movedDays(event.localStart.slice(0, 16), days))}
        />
      )}
      <p className="field-hint calendar-hint">
        {text.times(ownTimeZone())}
      </p>

      {opened !== null && (
        <EventDialogs
          api={api}
          opened={opened.as === 'event' ? { as: 'event', event: found.find((event) => event.id === opened.event.id) ?? opened.event } : opened}
          channels={channels ?? []}
          system={system.data}
          origin={origin}
          mayManage={mayManage}
          onOpen={setOpened}
          onMove={async (event, to) => void (await move(event, to))}
          onChanged={(changed) => {
            if (changed) setSaid(plannedSaid(changed, channels?.find((channel) => channel.name === changed.channel)?.access, origin));
            events.refresh();
          }}
          onExpired={onExpired}
        />
      )}
    </>
  );
}

/** The ways to move an event in the calendar; a finger neither drags there nor has keys. */
export function MoveHints() {
  const text = adminText.schedule;
  return (
    <>
      <span className="drag-hint">{text.dragHint} </span>
      {text.moveHint}
    </>
  );
}
