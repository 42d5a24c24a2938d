import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { AsyncList } from '../AsyncList';
import { usePolled } from '../usePolled';
import { type OpenTargetDialog, renditionNames, TargetDialogs } from './TargetDialogs';
import { TargetRow } from './TargetRow';
import { listTargets } from './targetApi';

interface TargetsSectionProps {
  api: Api;
  channel: Channel;
  /** The list reloads when it changes. */
  revision: number;
}

/** Other platforms to which a channel is published, with their states. */
export function TargetsSection({ api, channel, revision }: TargetsSectionProps) {
  // The channel list handles expired sessions.
  const targets = usePolled(
    useCallback(() => listTargets(api, channel.name), [api, channel.name]),
    3000,
    ignore,
  );
  const [openDialog, setOpenDialog] = useState<OpenTargetDialog | null>(null);
  const text = adminText.targets;
  const { refresh } = targets;
  const shownRevision = useRef(revision);

  useEffect(() => {
    if (shownRevision.current === revision) return;
    shownRevision.current = revision;
    refresh();
  }, [revision, refresh]);

  return (
    <section className="block" aria-labelledby="targets-title">
      <div className="panel-top">
        <h2 id="targets-title">{text.title}</h2>
        <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'add' })}>
          {text.add}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      <AsyncList
        source={targets}
        empty={
          <div className="empty">
            <p className="empty-title">{text.empty}</p>
            <p>{text.emptyHint}</p>
          </div>
        }
      >
        {(items) => (
          <ul className="item-list">
            {items.map((target) => (
              <TargetRow
                key={target.name}
                api={api}
                channel={channel.name}
                target={target}
                onOpen={(action) => setOpenDialog({ action, target })}
                onChanged={refresh}
              />
            ))}
          </ul>
        )}
      </AsyncList>
      {openDialog !== null && (
        <TargetDialogs
          api={api}
          channel={channel.name}
          renditions={renditionNames(channel)}
          openDialog={openDialog}
          onChanged={refresh}
          onClose={() => setOpenDialog(null)}
        />
      )}
    </section>
  );
}

function ignore() {}
