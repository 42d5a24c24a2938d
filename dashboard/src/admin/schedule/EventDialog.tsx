import { Fragment, useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { type OpenTargetDialog, TargetDialogs } from '../channel/TargetDialogs';
import { Confirm } from '../Confirm';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { eventPageUrl } from '../viewerPages';
import { cancelEvent, endEvent, eventHistory, goLive, isMovable, type PlannedEvent } from './eventApi';
import { EventTargets } from './EventTargets';
import { accessText, eventSettings, pillState, stateDetail, whenText } from './eventText';
import { localTimeIn } from './localTime';

type Confirmation = 'goLive' | 'end' | 'cancel' | 'cancelSeries';

interface EventDialogProps {
  api: Api;
  event: PlannedEvent;
  /** The channel's access policy; undefined if unknown. */
  channelAccess: string | undefined;
  /** Scheme and host of the viewer pages. */
  origin: string;
  /** Renditions that a target can get. */
  renditions?: readonly string[];
  canManage: boolean;
  onEdit: () => void;
  onEditSeries: () => void;
  onMove: () => void;
  onDuplicate: () => void;
  onChanged: () => void;
  onExpired: () => void;
  onClose: () => void;
  /** Whether viewers see the channel now. */
  isOnAir?: boolean;
}

/** An event: its settings, history and actions. */
export function EventDialog({
  api,
  event,
  channelAccess,
  origin,
  renditions = ['source'],
  canManage,
  onEdit,
  onEditSeries,
  onMove,
  onDuplicate,
  onChanged,
  onExpired,
  onClose,
  isOnAir = false,
}: EventDialogProps) {
  const [confirmation, setConfirmation] = useState<Confirmation | null>(null);
  const [targetDialog, setTargetDialog] = useState<OpenTargetDialog | null>(null);
  const history = usePolled(
    useCallback(() => eventHistory(api, event.id), [api, event.id]),
    10_000,
    onExpired,
  );
  const text = adminText.schedule;
  const isUpcoming = event.state === 'scheduled' || event.state === 'preview';
  const isRunning = event.state === 'preview' || event.state === 'live';

  async function finish(task: Promise<unknown>) {
    await task;
    onChanged();
  }

  if (confirmation === 'goLive')
    return (
      <Confirm
        title={text.goLiveTitle(event.title)}
        hint={text.goLiveHint}
        submit={text.goLive}
        danger={false}
        onConfirm={() => finish(goLive(api, event.id))}
        onClose={() => setConfirmation(null)}
      />
    );
  if (confirmation === 'end')
    return (
      <Confirm
        title={text.endTitle(event.title)}
        hint={text.endHint}
        submit={text.end}
        onConfirm={() => finish(endEvent(api, event.id))}
        onClose={() => setConfirmation(null)}
      />
    );
  if (confirmation === 'cancel')
    return (
      <Confirm
        title={text.cancelTitle(event.title)}
        hint={text.cancelHint}
        submit={text.cancel}
        onConfirm={() => finish(cancelEvent(api, event.id))}
        onClose={() => setConfirmation(null)}
      />
    );
  if (confirmation === 'cancelSeries' && event.series !== null) {
    const series = event.series;
    return (
      <Confirm
        title={text.cancelSeriesTitle(event.title)}
        hint={text.cancelSeriesHint}
        submit={text.cancelSeries}
        onConfirm={() => finish(cancelEvent(api, series))}
        onClose={() => setConfirmation(null)}
      />
    );
  }

  if (targetDialog !== null)
    return (
      <TargetDialogs
        api={api}
        channel={event.channel}
        renditions={renditions}
        openDialog={targetDialog}
        eventId={event.id}
        // The list of targets loads when this dialog closes.
        onChanged={() => undefined}
        onClose={() => setTargetDialog(null)}
      />
    );

  return (
    <Dialog title={event.title} onClose={onClose}>
      <EventFacts event={event} isOnAir={isOnAir} />
      <EventPage event={event} channelAccess={channelAccess} origin={origin} />
      {event.description !== '' && <p className="description wide">{event.description}</p>}
      <section>
        <h3>{text.history}</h3>
        {history.error !== null && <p className="field-error">{history.error.fullMessage}</p>}
        {history.data?.length === 0 && <p className="field-hint">{text.historyEmpty}</p>}
        <ul className="event-history">
          {history.data?.map((entry) => (
            <li key={`${entry.at} ${entry.state}`}>
              <span className="field-hint">{clockText(entry.at)}</span> {text.states[entry.state] ?? entry.state}
              {entry.reason !== '' && <span className="field-hint"> – {entry.reason}</span>}
            </li>
          ))}
        </ul>
      </section>
      {canManage && event.kind !== 'series' && <EventTargets api={api} event={event} onOpen={setTargetDialog} onExpired={onExpired} />}
      <div className="tools">
        <a className="button secondary" href={`/watch/${encodeURIComponent(event.channel)}`} target="_blank" rel="noopener">
          {text.channelPage}
        </a>
        {canManage && (
          <>
            {(isUpcoming || event.state === 'live') && (
              <button type="button" className="button secondary" onClick={onEdit}>
                {text.edit}
              </button>
            )}
            {isMovable(event) && (
              <button type="button" className="button secondary" onClick={onMove}>
                {text.move.open}
              </button>
            )}
            {event.series !== null && (
              <button type="button" className="button secondary" onClick={onEditSeries}>
                {text.editSeries}
              </button>
            )}
            <button type="button" className="button secondary" onClick={onDuplicate}>
              {text.duplicate}
            </button>
            {isUpcoming && (
              <button type="button" className="button secondary" onClick={() => setConfirmation('cancel')}>
                {text.cancel}
              </button>
            )}
            {event.series !== null && (
              <button type="button" className="button secondary" onClick={() => setConfirmation('cancelSeries')}>
                {text.cancelSeries}
              </button>
            )}
          </>
        )}
      </div>
      {canManage && <MoveUnavailable event={event} />}
      <div className="actions">
        <button type="button" className="button secondary" onClick={onClose}>
          {adminText.close}
        </button>
        {canManage && isRunning && (
          <button type="button" className="button danger" onClick={() => setConfirmation('end')}>
            {text.end}
          </button>
        )}
        {canManage && isUpcoming && (
          <button type="button" className="button" onClick={() => setConfirmation('goLive')}>
            {text.goLive}
          </button>
        )}
      </div>
    </Dialog>
  );
}

/** The URL of an event's page. A series has none: each of its events has one. */
export function EventPage({ event, channelAccess, origin }: { event: PlannedEvent; channelAccess: string | undefined; origin: string }) {
  const text = adminText.schedule.page;
  const url = eventPageUrl(origin, event.id);
  if (event.kind === 'series') return null;
  return (
    <div className="event-page wide">
      <CopyField label={text.label} value={url} />
      <p className="field-hint">
        {event.announced === 'off' ? text.unannounced : text.hint} {accessText(event, channelAccess)}{' '}
        <a className="link" href={url} target="_blank" rel="noopener">
          {text.open}
        </a>
      </p>
    </div>
  );
}

/** Explains why an upcoming event cannot be moved. Renders nothing if it can. */
export function MoveUnavailable({ event }: { event: PlannedEvent }) {
  return event.state === 'preview' && <p className="field-hint wide">{adminText.schedule.move.unavailable}</p>;
}

/** The settings of an event. */
export function EventFacts({ event, isOnAir = false }: { event: PlannedEvent; isOnAir?: boolean }) {
  const text = adminText.schedule;
  const facts = text.facts;
  const detail = stateDetail(event, isOnAir);
  const minutes = Math.round(event.previewSeconds / 60);
  const eventLocalStart = event.localStart.slice(0, 16);
  return (
    <dl className="facts">
      <dt>{facts.state}</dt>
      <dd>
        <span className="pill" data-pill={pillState(event.state)}>
          <span className="dot" aria-hidden="true" />
          {text.states[event.state] ?? event.state}
        </span>
      </dd>
      {detail !== '' && (
        <>
          <dt>{facts.reason}</dt>
          <dd className="sentence">{detail}</dd>
        </>
      )}
      <dt>{facts.when}</dt>
      <dd>{whenText(event.startsAt, event.endsAt)}</dd>
      {eventLocalStart !== readerLocalTime(event.startsAt) && (
        <>
          <dt>{facts.eventLocalTime(event.timeZone)}</dt>
          <dd>
            {eventLocalStart.replace('T', ' ')} – {localTimeIn(new Date(event.endsAt), event.timeZone).replace('T', ' ')}
          </dd>
        </>
      )}
      <dt>{facts.channel}</dt>
      <dd>{event.channel}</dd>
      <dt>{facts.startMode}</dt>
      <dd>{text.startModes[event.startMode] ?? event.startMode}</dd>
      <dt>{facts.preview}</dt>
      <dd>{minutes === 0 ? facts.noPreview : facts.previewMinutes(minutes)}</dd>
      <dt>{facts.record}</dt>
      <dd>{facts.records[event.record] ?? event.record}</dd>
      {eventSettings(event).map(([term, value]) => (
        <Fragment key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
      {event.series !== null && (
        <>
          <dt>{facts.series}</dt>
          <dd>{event.isChanged ? facts.editedOccurrence : facts.partOfSeries}</dd>
        </>
      )}
    </dl>
  );
}

// Local time in the user's time zone.
function readerLocalTime(iso: string): string {
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
