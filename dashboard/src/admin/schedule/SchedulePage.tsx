import './schedule.css';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import { type Api, ApiError, type Channel } from '../api';
import { Notice, type NoticeMessage } from '../Notice';
import { isOnAir } from '../overview/cardText';
import { usePolled } from '../usePolled';
import { addDays, startOfDay, stepView, type View, weeksOf } from './calendar';
import { EventCalendar } from './EventCalendar';
import { changeEvent, listAllEvents, type PlannedEvent } from './eventApi';
import { EventDialogs, type OpenDialog } from './EventDialogs';
import { EventList } from './EventList';
import { whenText } from './eventText';
import { savedNotice } from './savedNotice';
import { ScheduleTools } from './ScheduleTools';
import { addLocalDays, shiftInstant, browserTimeZone } from './localTime';

const pollIntervalMs = 10_000;
const systemPollMs = 300_000;
const pageSize = 50;

interface SchedulePageProps {
  api: Api;
  /** Scheme and host of the viewer pages. */
  origin: string;
  role: string;
  /** Null until loaded. */
  channels: readonly Channel[] | null;
  onExpired: () => void;
}

/** The schedule page: events as a list or calendar. */
export function SchedulePage({ api, origin, role, channels, onExpired }: SchedulePageProps) {
  const [view, setView] = useState<View>(() => (window.matchMedia('(max-width: 900px)').matches ? 'list' : 'month'));
  const [anchorDay, setAnchorDay] = useState(() => startOfDay(new Date()));
  const [channel, setChannel] = useState('');
  const [listLength, setListLength] = useState(pageSize);
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const [notice, setNotice] = useState<NoticeMessage | null>(null);
  // The moved event, until the server confirms the move.
  const [moving, setMoving] = useState<PlannedEvent | null>(null);
  const isMoving = useRef(false);
  const system = usePolled(
    useCallback(() => api.system(), [api]),
    systemPollMs,
    onExpired,
  );
  const canManage = hasRole(role, 'producer');
  const text = adminText.schedule;

  const weeks = useMemo(() => (view === 'list' ? [] : weeksOf(view, anchorDay)), [view, anchorDay]);
  const load = useCallback(() => {
    const filter = channel === '' ? {} : { channel };
    const first = weeks[0]?.[0];
    const last = weeks.at(-1)?.[6];
    if (first === undefined || last === undefined) return listAllEvents(api, { ...filter, from: new Date() }, listLength);
    return listAllEvents(api, { ...filter, from: first, to: addDays(last, 1) });
  }, [api, channel, weeks, listLength]);
  const events = usePolled(load, pollIntervalMs, onExpired);

  // Loaded events supersede it, unless they were requested before the move.
  useEffect(() => {
    if (!isMoving.current) setMoving(null);
  }, [events.data]);

  async function moveEvent(event: PlannedEvent, to: string): Promise<PlannedEvent> {
    const from = event.localStart.slice(0, 16);
    const changed = await changeEvent(api, event.id, { start: to });
    const messageFor = changed.series === null ? text.moved : text.movedOne;
    setNotice({
      text: messageFor(changed.title, whenText(changed.startsAt, changed.endsAt)),
      undo: () => void moveOptimistically(changed, from),
    });
    events.refresh();
    return changed;
  }

  // One move at a time: the next one starts from its result.
  async function moveOptimistically(event: PlannedEvent, to: string): Promise<void> {
    if (isMoving.current) return;
    isMoving.current = true;
    setMoving({
      ...event,
      startsAt: shiftInstant(event.startsAt, event.localStart, to),
      endsAt: shiftInstant(event.endsAt, event.localStart, to),
    });
    try {
      const changed = await moveEvent(event, to);
      setMoving(changed);
      const start = new Date(changed.startsAt);
      const [first, last] = [weeks[0]?.[0], weeks.at(-1)?.[6]];
      if (first !== undefined && last !== undefined && (start < first || start >= addDays(last, 1))) setAnchorDay(startOfDay(start));
    } catch (error) {
      setMoving(null);
      setNotice({ text: text.moveFailed(event.title, error instanceof ApiError ? error.fullMessage : adminText.failed), isError: true });
      events.refresh();
    } finally {
      isMoving.current = false;
    }
  }

  const loadedEvents = events.data ?? [];
  const visibleEvents = moving === null ? loadedEvents : loadedEvents.map((event) => (event.id === moving.id ? moving : event));
  const isEmpty = events.data?.length === 0;
  const liveChannels = new Set((channels ?? []).filter(isOnAir).map((channel) => channel.name));
  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        {canManage && channels !== null && channels.length > 0 && (
          <div className="tools">
            <button type="button" className="button secondary" onClick={() => setOpenDialog({ view: 'feeds' })}>
              {text.feed.open}
            </button>
            <button type="button" className="button" onClick={() => setOpenDialog({ view: 'create' })}>
              {text.create}
            </button>
          </div>
        )}
      </div>

      <ScheduleTools
        view={view}
        anchorDay={anchorDay}
        channel={channel}
        channels={channels ?? []}
        onView={setView}
        onAnchorDay={setAnchorDay}
        onStep={(direction) => view !== 'list' && setAnchorDay(stepView(view, anchorDay, direction))}
        onChannel={setChannel}
      />
      {notice !== null && <Notice message={notice} onClose={() => setNotice(null)} />}
      {canManage && channels?.length === 0 && <p className="problem">{text.noChannels}</p>}
      {events.error !== null && (
        <p className="problem" role="alert">
          {events.error.fullMessage}
        </p>
      )}
      {events.data === null && events.error === null && <p role="status">{adminText.loading}</p>}

      {view === 'list' && isEmpty && (
        <div className="empty">
          <p className="empty-title">{text.empty}</p>
          <p>{canManage ? text.emptyHint : text.emptyHintReader}</p>
        </div>
      )}
      {view === 'list' && (
        <EventList events={visibleEvents} liveChannels={liveChannels} onOpen={(event) => setOpenDialog({ view: 'event', event })} />
      )}
      {view === 'list' && visibleEvents.length >= listLength && (
        <button type="button" className="button secondary more" onClick={() => setListLength(listLength + pageSize)}>
          {text.more}
        </button>
      )}
      {view !== 'list' && (
        <p className="field-hint calendar-help">
          {isEmpty ? (canManage ? text.emptyRange : text.emptyRangeReader) : canManage && <MoveHints />}
        </p>
      )}
      {view !== 'list' && (
        <EventCalendar
          weeks={weeks}
          label={text.title}
          events={visibleEvents}
          today={new Date()}
          month={view === 'month' ? anchorDay.getMonth() : null}
          allowMove={canManage}
          moving={moving?.id}
          onOpen={(event) => setOpenDialog({ view: 'event', event })}
          onMove={(event, days) => void moveOptimistically(event, addLocalDays(event.localStart.slice(0, 16), days))}
        />
      )}
      <p className="field-hint calendar-hint">{text.times(browserTimeZone())}</p>

      {openDialog !== null && (
        <EventDialogs
          api={api}
          openDialog={
            openDialog.view === 'event'
              ? { view: 'event', event: visibleEvents.find((event) => event.id === openDialog.event.id) ?? openDialog.event }
              : openDialog
          }
          channels={channels ?? []}
          system={system.data}
          origin={origin}
          canManage={canManage}
          onOpen={setOpenDialog}
          onMove={async (event, to) => void (await moveEvent(event, to))}
          onChanged={(changed) => {
            if (changed) setNotice(savedNotice(changed, channels?.find((channel) => channel.name === changed.channel)?.access, origin));
            events.refresh();
          }}
          onExpired={onExpired}
        />
      )}
    </>
  );
}

/** How to move events. Touch devices support neither dragging nor keys. */
export function MoveHints() {
  const text = adminText.schedule;
  return (
    <>
      <span className="drag-hint">{text.dragHint} </span>
      {text.moveHint}
    </>
  );
}
