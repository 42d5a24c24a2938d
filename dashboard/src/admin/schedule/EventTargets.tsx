import { useCallback } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { AsyncList } from '../AsyncList';
import type { OpenTargetDialog } from '../channel/TargetDialogs';
import { TargetRow } from '../channel/TargetRow';
import { listTargets, type Target } from '../channel/targetApi';
import { usePolled } from '../usePolled';
import type { PlannedEvent } from './eventApi';

interface EventTargetsProps {
  api: Api;
  event: PlannedEvent;
  onOpen: (openDialog: OpenTargetDialog) => void;
  onExpired: () => void;
}

/** The targets that get the channel only while an event is live. */
export function EventTargets({ api, event, onOpen, onExpired }: EventTargetsProps) {
  const targets = usePolled(
    useCallback(async () => targetsOf(event.id, await listTargets(api, event.channel)), [api, event.channel, event.id]),
    5000,
    onExpired,
  );
  const text = adminText.targets;
  return (
    <section>
      <div className="panel-top">
        <h3>{text.title}</h3>
        {canAddTarget(event) && (
          <button type="button" className="button secondary" onClick={() => onOpen({ action: 'add' })}>
            {text.add}
          </button>
        )}
      </div>
      <p className="field-hint">{text.eventIntro}</p>
      <AsyncList source={targets} empty={<p className="field-hint">{text.eventEmpty}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((target) => (
              <TargetRow
                key={target.name}
                api={api}
                channel={event.channel}
                target={target}
                onOpen={(action) => onOpen({ action, target })}
                onChanged={targets.refresh}
              />
            ))}
          </ul>
        )}
      </AsyncList>
    </section>
  );
}

/** The targets of one event, among all of its channel. */
export function targetsOf(eventId: string, targets: readonly Target[]): Target[] {
  return targets.filter((target) => target.eventId === eventId);
}

/** Whether an event can still be live. */
export function canAddTarget(event: PlannedEvent): boolean {
  return event.state === 'scheduled' || event.state === 'preview' || event.state === 'live';
}
