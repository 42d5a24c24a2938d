import { Fragment, useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { Confirm } from '../Confirm';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { eventPageAddress } from '../viewerPages';
import { cancelEvent, endEvent, eventHistory, goLive, mayMove, type PlannedEvent } from './eventApi';
import { guardWords, ownTerms, pillOf, stateSentence, whenText } from './eventWords';
import { wallIn } from './wallClock';

type Asking = 'goLive' | 'end' | 'cancel' | 'cancelSeries';

interface EventDialogProps {
  api: Api;
  event: PlannedEvent;
  /** Who may watch its channel; undefined where that is not told. */
  channelAccess: string | undefined;
  /** Where viewers' pages are: scheme and host. */
  origin: string;
  mayManage: boolean;
  onEdit: () => void;
  onEditSeries: () => void;
  onMove: () => void;
  onDuplicate: () => void;
  onChanged: () => void;
  onExpired: () => void;
  onClose: () => void;
  /** Whether viewers see its channel now. */
  isOnAir?: boolean;
}

/** One event: what it is, what happened, and what can be done with it now. */
export function EventDialog({ api, event, channelAccess, origin, mayManage, onEdit, onEditSeries, onMove, onDuplicate, onChanged, onExpired, onClose, isOnAir = false }: EventDialogProps) {
  const [asking, setAsking] = useState<Asking | null>(null);
  const history = usePolled(useCallback(() => eventHistory(api, event.id), [api, event.id]), 10_000, onExpired);
  const text = adminText.schedule;
  const isToCome = event.state === 'scheduled' || event.state === 'preview';
  const isOn = event.state === 'preview' || event.state === 'live';

  async function done(work: Promise<unknown>) {
    await work;
    onChanged();
  }

  if (asking === 'goLive') return <Confirm title={text.goLiveTitle(event.title)} hint={text.goLiveHint} submit={text.goLive} danger={false} onConfirm={() => done(goLive(api, event.id))} onClose={() => setAsking(null)} />;
  if (asking === 'end') return <Confirm title={text.endTitle(event.title)} hint={text.endHint} submit={text.end} onConfirm={() => done(endEvent(api, event.id))} onClose={() => setAsking(null)} />;
  if (asking === 'cancel') return <Confirm title={text.cancelTitle(event.title)} hint={text.cancelHint} submit={text.cancel} onConfirm={() => done(cancelEvent(api, event.id))} onClose={() => setAsking(null)} />;
  if (asking === 'cancelSeries' && event.series !== null) {
    const series = event.series;
    return <Confirm title={text.cancelSeriesTitle(event.title)} hint={text.cancelSeriesHint} submit={text.cancelSeries} onConfirm={() => done(cancelEvent(api, series))} onClose={() => setAsking(null)} />;
  }

  return (
    <Dialog title={event.title} onClose={onClose}>
      <EventFacts event={event} isOnAir={isOnAir} />
      <EventPage event={event} channelAccess={channelAccess} origin={origin} />
      {event.description !== '' && <p className="said wide">{event.description}</p>}
      <section>
        <h3>{text.history}</h3>
        {history.error !== null && <p className="field-mistake">{history.error.words}</p>}
        {history.data?.length === 0 && <p className="field-hint">{text.noHistory}</p>}
        <ul className="steps">
          {history.data?.map((step) => (
            <li key={`${step.at} ${step.state}`}>
              <span className="field-hint">{clockText(step.at)}</span> {text.states[step.state] ?? step.state}
              {step.reason !== '' && <span className="field-hint"> – {step.reason}</span>}
            </li>
          ))}
        </ul>
      </section>
      <div className="tools">
        <a className="button quiet" href={`/watch/${encodeURIComponent(event.channel)}`} target="_blank" rel="noopener">
          {text.watch}
        </a>
        {mayManage && (
          <>
            {(isToCome || event.state === 'live') && (
              <button type="button" className="button quiet" onClick={onEdit}>
                {text.edit}
              </button>
            )}
            {mayMove(event) && (
              <button type="button" className="button quiet" onClick={onMove}>
                {text.move.open}
              </button>
            )}
            {event.series !== null && (
              <button type="button" className="button quiet" onClick={onEditSeries}>
                {text.editSeries}
              </button>
            )}
            <button type="button" className="button quiet" onClick={onDuplicate}>
              {text.duplicate}
            </button>
            {isToCome && (
              <button type="button" className="button quiet" onClick={() => setAsking('cancel')}>
                {text.cancel}
              </button>
            )}
            {event.series !== null && (
              <button type="button" className="button quiet" onClick={() => setAsking('cancelSeries')}>
                {text.cancelSeries}
              </button>
            )}
          </>
        )}
      </div>
      {mayManage && <NoMove event={event} />}
      <div className="actions">
        <button type="button" className="button quiet" onClick={onClose}>
          {adminText.close}
        </button>
        {mayManage && isOn && (
          <button type="button" className="button danger" onClick={() => setAsking('end')}>
            {text.end}
          </button>
        )}
        {mayManage && isToCome && (
          <button type="button" className="button" onClick={() => setAsking('goLive')}>
            {text.goLive}
          </button>
        )}
      </div>
    </Dialog>
  );
}

/** The address of an event's own page, to send to whoever is to watch. A series has none: each of its events has. */
export function EventPage({ event, channelAccess, origin }: { event: PlannedEvent; channelAccess: string | undefined; origin: string }) {
  const text = adminText.schedule.page;
  const address = eventPageAddress(origin, event.id);
  if (event.kind === 'series') return null;
  return (
    <div className="event-page wide">
      <CopyField label={text.label} value={address} />
      <p className="field-hint">
        {event.announced === 'off' ? text.unannounced : text.hint} {guardWords(event, channelAccess)}{' '}
        <a className="link" href={address} target="_blank" rel="noopener">
          {text.open}
        </a>
      </p>
    </div>
  );
}

/** Why an event that is still to come has no way to move it; nothing where it has one. */
export function NoMove({ event }: { event: PlannedEvent }) {
  return event.state === 'preview' && <p className="field-hint wide">{adminText.schedule.move.inPreview}</p>;
}

/** What an event is, as terms and what they are. */
export function EventFacts({ event, isOnAir = false }: { event: PlannedEvent; isOnAir?: boolean }) {
  const text = adminText.schedule;
  const facts = text.facts;
  const sentence = stateSentence(event, isOnAir);
  const minutes = Math.round(event.previewSeconds / 60);
  const there = event.localStart.slice(0, 16);
  return (
    <dl className="facts">
      <dt>{facts.state}</dt>
      <dd>
        <span className="pill" data-pill={pillOf(event.state)}>
          <span className="dot" aria-hidden="true" />
          {text.states[event.state] ?? event.state}
        </span>
      </dd>
      {sentence !== '' && (
        <>
          <dt>{facts.reason}</dt>
          <dd className="sentence">{sentence}</dd>
        </>
      )}
      <dt>{facts.when}</dt>
      <dd>{whenText(event.startsAt, event.endsAt)}</dd>
      {there !== localWall(event.startsAt) && (
        <>
          <dt>{facts.there(event.timeZone)}</dt>
          <dd>
            {there.replace('T', ' ')} – {wallIn(new Date(event.endsAt), event.timeZone).replace('T', ' ')}
          </dd>
        </>
      )}
      <dt>{facts.channel}</dt>
      <dd>{event.channel}</dd>
      <dt>{facts.begins}</dt>
      <dd>{text.begins[event.startMode] ?? event.startMode}</dd>
      <dt>{facts.preview}</dt>
      <dd>{minutes === 0 ? facts.noPreview : facts.previewMinutes(minutes)}</dd>
      <dt>{facts.record}</dt>
      <dd>{facts.records[event.record] ?? event.record}</dd>
      {ownTerms(event).map(([term, said]) => (
        <Fragment key={term}>
          <dt>{term}</dt>
          <dd>{said}</dd>
        </Fragment>
      ))}
      {event.series !== null && (
        <>
          <dt>{facts.series}</dt>
          <dd>{event.isChanged ? facts.changed : facts.inSeries}</dd>
        </>
      )}
    </dl>
  );
}

// What the reader's own clock shows.
function localWall(iso: string): string {
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
