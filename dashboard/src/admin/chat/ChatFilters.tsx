import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { ActionForm } from '../Dialog';
import { SelectField } from '../fields';
import { usePolled } from '../usePolled';
import { type ChatFilters as Filters, getFilters, setFilters } from './chatApi';
import { lines } from './ChatPolls';
import type { ChatPartProps } from './ChatSection';

const repeatSeconds = 30;

/** Filters of messages: word lists, links, capitals and repetitions. */
export function ChatFilters({ api, channel }: ChatPartProps) {
  const text = adminText.chat;
  const [isSaved, setSaved] = useState(false);
  const { data, error, refresh } = usePolled(
    useCallback(() => getFilters(api, channel), [api, channel]),
    600_000,
    ignore,
  );
  return (
    <details>
      <summary>{text.filters}</summary>
      <p className="field-hint">{text.filtersHint}</p>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {data !== null && (
        <ActionForm
          submit={text.save}
          working={text.saving}
          onSubmit={async (form) => {
            setSaved(false);
            await setFilters(api, channel, filtersOf(data, form));
            setSaved(true);
            refresh();
          }}
        >
          {(fieldErrors) => (
            <>
              <Lines label={text.rejectedWords} name="rejected" items={data.words?.rejected ?? []} />
              <Lines label={text.heldWords} name="held" items={data.words?.held ?? []} />
              <SelectField label={text.links} name="links" options={text.filterActions} initial={data.links?.action ?? 'allow'} />
              <Lines label={text.domains} name="domains" items={data.links?.domains ?? []} />
              <SelectField label={text.capitals} name="capitals" options={text.filterActions} initial={data.capitals?.action ?? 'allow'} />
              <SelectField label={text.repeats} name="repeats" options={text.filterActions} initial={data.repeats?.action ?? 'allow'} />
              {fieldErrors.filters && (
                <p className="field-error" role="alert">
                  {fieldErrors.filters}
                </p>
              )}
              <p role="status" className="field-hint">
                {isSaved ? text.saved : ''}
              </p>
            </>
          )}
        </ActionForm>
      )}
    </details>
  );
}

function Lines({ label, name, items }: { label: string; name: string; items: readonly string[] }) {
  return (
    <label className="field">
      {label}
      <textarea name={name} rows={4} defaultValue={items.join('\n')} spellCheck={false} />
    </label>
  );
}

/** Filters of the form. Members that it does not show stay as they are. */
export function filtersOf(filters: Filters, form: FormData): Filters {
  const text = (name: string) => String(form.get(name) ?? '');
  return {
    ...filters,
    words: { held: lines(text('held')), rejected: lines(text('rejected')) },
    links: { action: text('links'), domains: lines(text('domains')) },
    capitals: { maxPercent: filters.capitals?.maxPercent ?? 70, action: text('capitals') },
    repeats: {
      maxRun: filters.repeats?.maxRun ?? null,
      anyoneSeconds: filters.repeats?.anyoneSeconds ?? 0,
      senderSeconds: filters.repeats?.senderSeconds || repeatSeconds,
      action: text('repeats'),
    },
  };
}

function ignore() {}
