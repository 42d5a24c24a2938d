import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel, type System } from '../api';
import { Dialog } from '../Dialog';
import { isOnAir } from '../now/cardWords';
import { changeEvent, createEvent, getEvent, type PlannedEvent } from './eventApi';
import { EventDialog } from './EventDialog';
import { EventForm, refuseNothing } from './EventForm';
import { changedWish, draftOf, type EventDraft, newWish, ofChannel } from './eventWish';
import { FeedDialog } from './FeedDialog';
import { MoveDialog } from './MoveDialog';
import { movedEnd, nextStart, ownTimeZone } from './wallClock';

/** Which dialog is open, and of which event. */
export type Opened =
  | { as: 'event' | 'edit' | 'move' | 'duplicate'; event: PlannedEvent }
  | { as: 'editSeries'; id: string }
  | { as: 'create' }
  | { as: 'feeds' };

interface EventDialogsProps {
  api: Api;
  opened: Opened;
  channels: readonly Channel[];
  /** Null until it is known. */
  system: System | null;
  /** Where viewers' pages are: scheme and host. */
  origin: string;
  mayManage: boolean;
  onOpen: (opened: Opened | null) => void;
  /** Something is other than before; with the event, where one was planned or changed in the form. */
  onChanged: (event?: PlannedEvent) => void;
  /** Moves an event to when clocks show a time in its zone; fails where something is in its way. */
  onMove: (event: PlannedEvent, to: string) => Promise<void>;
  onExpired: () => void;
}

/** The schedule's dialogs, one at a time. */
export function EventDialogs({ api, opened, channels, system, origin, mayManage, onOpen, onChanged, onMove, onExpired }: EventDialogsProps) {
  const text = adminText.schedule.form;
  const close = () => onOpen(null);

  async function plan(draft: EventDraft) {
    const made = await createEvent(api, newWish(draft));
    close();
    onChanged(made);
  }

  async function change(event: PlannedEvent, draft: EventDraft) {
    const wish = changedWish(draftOf(event), draft);
    refuseNothing(wish);
    const changed = await changeEvent(api, event.id, wish);
    close();
    onChanged(changed);
  }

  switch (opened.as) {
    case 'feeds':
      return <FeedDialog api={api} channels={channels} onExpired={onExpired} onClose={close} />;
    case 'create':
      return <EventForm title={text.createTitle} submit={text.submitCreate} draft={newDraft(channels[0]?.name ?? '')} channels={channels} system={system} recurs="may" onSubmit={plan} onClose={close} />;
    case 'duplicate':
      return <EventForm title={text.createTitle} submit={text.submitCreate} draft={copyOf(opened.event)} channels={channels} system={system} recurs="may" onSubmit={plan} onClose={close} />;
    case 'edit':
      return (
        <EventForm
          title={text.editTitle(opened.event.title)}
          hint={opened.event.series === null ? undefined : text.editOneHint}
          submit={text.submitEdit}
          draft={draftOf(opened.event)}
          channels={null}
          system={system}
          recurs="no"
          onSubmit={(draft) => change(opened.event, draft)}
          onClose={close}
        />
      );
    case 'editSeries':
      return <SeriesForm api={api} id={opened.id} system={system} onChange={change} onClose={close} />;
    case 'move':
      return (
        <MoveDialog
          event={opened.event}
          onMove={async (to) => {
            await onMove(opened.event, to);
            close();
          }}
          onClose={close}
        />
      );
    default:
      return (
        <EventDialog
          api={api}
          event={opened.event}
          channelAccess={channels.find((channel) => channel.name === opened.event.channel)?.access}
          origin={origin}
          mayManage={mayManage}
          onEdit={() => onOpen({ as: 'edit', event: opened.event })}
          onEditSeries={() => opened.event.series !== null && onOpen({ as: 'editSeries', id: opened.event.series })}
          onMove={() => onOpen({ as: 'move', event: opened.event })}
          onDuplicate={() => onOpen({ as: 'duplicate', event: opened.event })}
          onChanged={() => onChanged()}
          onExpired={onExpired}
          onClose={close}
          isOnAir={channels.some((channel) => channel.name === opened.event.channel && isOnAir(channel))}
        />
      );
  }
}

interface SeriesFormProps {
  api: Api;
  id: string;
  system: System | null;
  onChange: (event: PlannedEvent, draft: EventDraft) => Promise<void>;
  onClose: () => void;
}

/** The form of a series, once it is known: lists have its occurrences only. */
function SeriesForm({ api, id, system, onChange, onClose }: SeriesFormProps) {
  const [series, setSeries] = useState<PlannedEvent | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const text = adminText.schedule.form;

  useEffect(() => {
    let stays = true;
    getEvent(api, id).then(
      (found) => stays && setSeries(found),
      (error: unknown) => stays && setProblem(error instanceof ApiError ? error.words : adminText.failed),
    );
    return () => {
      stays = false;
    };
  }, [api, id]);

  if (series === null) {
    return (
      <Dialog title={adminText.schedule.editSeries} onClose={onClose}>
        {problem === null ? (
          <p role="status">{adminText.loading}</p>
        ) : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </Dialog>
    );
  }
  return (
    <EventForm
      title={text.editSeriesTitle(series.title)}
      hint={text.editSeriesHint}
      submit={text.submitEdit}
      draft={draftOf(series)}
      channels={null}
      system={system}
      recurs="must"
      onSubmit={(draft) => onChange(series, draft)}
      onClose={onClose}
    />
  );
}

/** What the form of a new event proposes: an hour, soon, where the reader is. */
export function newDraft(channel: string): EventDraft {
  const timeZone = ownTimeZone();
  const start = nextStart(new Date(), timeZone);
  return {
    title: '',
    description: '',
    channel,
    start,
    end: movedEnd(start, '2000-01-01T00:00', '2000-01-01T01:00'),
    timeZone,
    recurrence: null,
    startMode: 'automatic',
    previewMinutes: 15,
    record: ofChannel,
    access: ofChannel,
    announced: ofChannel,
    ladder: ofChannel,
    latency: ofChannel,
    poster: '',
    graceMinutes: 5,
    overrun: 'end',
    noShowMinutes: 0,
    reminderMinutes: null,
  };
}

/** The same once more; at the same time of day, from the next possible day on where it is past. An occurrence is copied without its series. */
export function copyOf(event: PlannedEvent): EventDraft {
  const draft = draftOf(event);
  const earliest = nextStart(new Date(), draft.timeZone);
  if (draft.start >= earliest) return draft;
  const sameDay = `${earliest.slice(0, 10)}${draft.start.slice(10)}`;
  const start = sameDay >= earliest ? sameDay : movedEnd(sameDay, '2000-01-01T00:00', '2000-01-02T00:00');
  return { ...draft, start, end: movedEnd(draft.end, draft.start, start) };
}
