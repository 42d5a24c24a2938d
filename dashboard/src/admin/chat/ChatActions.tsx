import { type FormEvent, useCallback, useState } from 'react';
import { adminText } from '../../text';
import { AsyncList } from '../AsyncList';
import { clockText } from '../times';
import { act, type ChatAction, listActions, undoAction } from './chatApi';
import { type ChatPartProps, useChatList } from './ChatSection';
import { useTask } from './useTask';

/** Announcements, what is in effect, and the history of actions. */
export function ChatActions({ api, channel, revision, onChanged }: ChatPartProps) {
  const text = adminText.chat;
  const task = useTask(onChanged);
  const inEffect = useChatList(
    useCallback(() => listActions(api, channel, true), [api, channel]),
    revision,
  );
  const history = useChatList(
    useCallback(() => listActions(api, channel, false), [api, channel]),
    revision,
  );
  const undo = (action: ChatAction) => void task.run(() => undoAction(api, channel, action.id));

  return (
    <>
      <Announce api={api} channel={channel} revision={revision} onChanged={onChanged} />
      <h3>{text.inEffect}</h3>
      <p className="field-error" role="alert">
        {task.error}
      </p>
      <AsyncList source={inEffect} empty={<p className="field-hint">{text.inEffectEmpty}</p>}>
        {(items) => <ActionList items={items} isBusy={task.isBusy} onUndo={undo} />}
      </AsyncList>
      <details>
        <summary>{text.history}</summary>
        <AsyncList source={history} empty={<p className="field-hint">{text.historyEmpty}</p>}>
          {(items) => <ActionList items={items} isBusy={task.isBusy} onUndo={undo} />}
        </AsyncList>
      </details>
    </>
  );
}

function Announce({ api, channel, onChanged }: ChatPartProps) {
  const text = adminText.chat;
  const [value, setValue] = useState('');
  const task = useTask(onChanged);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value.trim() === '') return;
    void task.run(async () => {
      await act(api, channel, { action: 'announce', text: value });
      setValue('');
    });
  };
  return (
    <form className="chat-inline-form" onSubmit={submit}>
      <label className="field">
        {text.announce}
        <input value={value} maxLength={500} autoComplete="off" onChange={(event) => setValue(event.currentTarget.value)} />
      </label>
      <button type="submit" className="button secondary" disabled={task.isBusy}>
        {task.isBusy ? text.sending : text.send}
      </button>
      <p className={task.error === '' ? 'field-hint' : 'field-error'} role={task.error === '' ? undefined : 'alert'}>
        {task.error === '' ? text.announceHint : task.error}
      </p>
    </form>
  );
}

interface ActionListProps {
  items: readonly ChatAction[];
  isBusy: boolean;
  onUndo: (action: ChatAction) => void;
}

/** Actions with their moderators and reasons. */
export function ActionList({ items, isBusy, onUndo }: ActionListProps) {
  const text = adminText.chat;
  return (
    <ul className="item-list">
      {items.map((action) => (
        <li key={action.id}>
          <div>
            <p className="item-name">
              {text.past[action.action as keyof typeof text.past] ?? action.action}
              {action.name && <span dir="auto">: {action.name}</span>}
            </p>
            <p className="field-hint">
              {clockText(action.at)} {text.by(action.moderatorName)}
              {action.endsAt && ` · ${text.until(clockText(action.endsAt))}`}
              {action.reason !== '' && ` · ${action.reason}`}
              {action.undoneBy && ` · ${text.undone(action.undoneBy)}`}
            </p>
          </div>
          {action.undoneAt === null && (
            <div className="tools row-tools">
              <button type="button" className="button secondary" disabled={isBusy} onClick={() => onUndo(action)}>
                {text.undo}
              </button>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
