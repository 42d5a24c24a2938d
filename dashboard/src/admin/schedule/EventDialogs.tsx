import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel, type System } from '../api';
import { renditionNames } from '../channel/TargetDialogs';
import { Dialog } from '../Dialog';
import { isOnAir } from '../overview/cardText';
import { changeEvent, createEvent, getEvent, type PlannedEvent } from './eventApi';
import { EventDialog } from './EventDialog';
import { EventForm, rejectEmpty } from './EventForm';
import { changeRequest, createDraftOf, type EventDraft, createRequest, inherited } from './eventRequest';
import { FeedDialog } from './FeedDialog';
import { MoveDialog } from './MoveDialog';
import { shiftEnd, defaultStart, browserTimeZone } from './localTime';

/** The open dialog and its event. */
export type OpenDialog =
  | { view: 'event' | 'edit' | 'move' | 'duplicate'; event: PlannedEvent }
  | { view: 'editSeries'; id: string }
  | { view: 'create' }
  | { view: 'feeds' };

interface EventDialogsProps {
  api: Api;
  openDialog: OpenDialog;
  channels: readonly Channel[];
  /** Null until loaded. */
  system: System | null;
  /** Scheme and host of the viewer pages. */
  origin: string;
  canManage: boolean;
  onOpen: (openDialog: OpenDialog | null) => void;
  /** Something changed; with the event if it was created or edited in the form. */
  onChanged: (event?: PlannedEvent) => void;
  /** Moves an event to a local time in its zone. Rejects on conflicts. */
  onMove: (event: PlannedEvent, to: string) => Promise<void>;
  onExpired: () => void;
}

/** The dialogs of the schedule, one at a time. */
export function EventDialogs({
  api,
  openDialog,
  channels,
  system,
  origin,
  canManage,
  onOpen,
  onChanged,
  onMove,
  onExpired,
}: EventDialogsProps) {
  const text = adminText.schedule.form;
  const close = () => onOpen(null);

  async function create(draft: EventDraft) {
    const created = await createEvent(api, createRequest(draft));
    close();
    onChanged(created);
  }

  async function change(event: PlannedEvent, draft: EventDraft) {
    const request = changeRequest(createDraftOf(event), draft);
    rejectEmpty(request);
    const changed = await changeEvent(api, event.id, request);
    close();
    onChanged(changed);
  }

  switch (openDialog.view) {
    case 'feeds':
      return <FeedDialog api={api} channels={channels} onExpired={onExpired} onClose={close} />;
    case 'create':
      return (
        <EventForm
          title={text.createTitle}
          submit={text.submitCreate}
          draft={createDraft(channels[0]?.name ?? '')}
          channels={channels}
          system={system}
          recurrenceMode="may"
          onSubmit={create}
          onClose={close}
        />
      );
    case 'duplicate':
      return (
        <EventForm
          title={text.createTitle}
          submit={text.submitCreate}
          draft={duplicateDraft(openDialog.event)}
          channels={channels}
          system={system}
          recurrenceMode="may"
          onSubmit={create}
          onClose={close}
        />
      );
    case 'edit':
      return (
        <EventForm
          title={text.editTitle(openDialog.event.title)}
          hint={openDialog.event.series === null ? undefined : text.editOccurrenceHint}
          submit={text.submitEdit}
          draft={createDraftOf(openDialog.event)}
          channels={null}
          system={system}
          recurrenceMode="no"
          onSubmit={(draft) => change(openDialog.event, draft)}
          onClose={close}
        />
      );
    case 'editSeries':
      return <SeriesForm api={api} id={openDialog.id} system={system} onChange={change} onClose={close} />;
    case 'move':
      return (
        <MoveDialog
          event={openDialog.event}
          onMove={async (to) => {
            await onMove(openDialog.event, to);
            close();
          }}
          onClose={close}
        />
      );
    default: {
      const channel = channels.find((other) => other.name === openDialog.event.channel);
      return (
        <EventDialog
          api={api}
          event={openDialog.event}
          channelAccess={channel?.access}
          origin={origin}
          renditions={channel && renditionNames(channel)}
          canManage={canManage}
          onEdit={() => onOpen({ view: 'edit', event: openDialog.event })}
          onEditSeries={() => openDialog.event.series !== null && onOpen({ view: 'editSeries', id: openDialog.event.series })}
          onMove={() => onOpen({ view: 'move', event: openDialog.event })}
          onDuplicate={() => onOpen({ view: 'duplicate', event: openDialog.event })}
          onChanged={() => onChanged()}
          onExpired={onExpired}
          onClose={close}
          isOnAir={channel !== undefined && isOnAir(channel)}
        />
      );
    }
  }
}

interface SeriesFormProps {
  api: Api;
  id: string;
  system: System | null;
  onChange: (event: PlannedEvent, draft: EventDraft) => Promise<void>;
  onClose: () => void;
}

/** The form of a series. Lists contain only its occurrences, so it is loaded first. */
function SeriesForm({ api, id, system, onChange, onClose }: SeriesFormProps) {
  const [series, setSeries] = useState<PlannedEvent | null>(null);
  const [error, setError] = useState<string | null>(null);
  const text = adminText.schedule.form;

  useEffect(() => {
    let isMounted = true;
    getEvent(api, id).then(
      (loaded) => isMounted && setSeries(loaded),
      (error: unknown) => isMounted && setError(error instanceof ApiError ? error.fullMessage : adminText.failed),
    );
    return () => {
      isMounted = false;
    };
  }, [api, id]);

  if (series === null) {
    return (
      <Dialog title={adminText.schedule.editSeries} onClose={onClose}>
        {error === null ? (
          <p role="status">{adminText.loading}</p>
        ) : (
          <p className="problem" role="alert">
            {error}
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
      draft={createDraftOf(series)}
      channels={null}
      system={system}
      recurrenceMode="must"
      onSubmit={(draft) => onChange(series, draft)}
      onClose={onClose}
    />
  );
}

/** The defaults of a new event: one hour, starting soon, in the user's time zone. */
export function createDraft(channel: string): EventDraft {
  const timeZone = browserTimeZone();
  const start = defaultStart(new Date(), timeZone);
  return {
    title: '',
    description: '',
    channel,
    start,
    end: shiftEnd(start, '2000-01-01T00:00', '2000-01-01T01:00'),
    timeZone,
    recurrence: null,
    startMode: 'automatic',
    previewMinutes: 15,
    record: inherited,
    access: inherited,
    chat: inherited,
    announced: inherited,
    ladder: inherited,
    latency: inherited,
    poster: '',
    graceMinutes: 5,
    overrun: 'end',
    noShowMinutes: 0,
    reminderMinutes: null,
  };
}

/** A copy of an event. If its start has passed, it moves to the next possible day at the same time. A copied occurrence has no series. */
export function duplicateDraft(event: PlannedEvent): EventDraft {
  const draft = createDraftOf(event);
  const earliest = defaultStart(new Date(), draft.timeZone);
  if (draft.start >= earliest) return draft;
  const sameDay = `${earliest.slice(0, 10)}${draft.start.slice(10)}`;
  const start = sameDay >= earliest ? sameDay : shiftEnd(sameDay, '2000-01-01T00:00', '2000-01-02T00:00');
  return { ...draft, start, end: shiftEnd(draft.end, draft.start, start) };
}
