import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { AsyncList } from '../AsyncList';
import { Confirm } from '../Confirm';
import { save } from '../recordings/download';
import { clockText } from '../times';
import { act, type ChatMessage, eraseMessages, exportParticipant, listMessages } from './chatApi';
import { type ChatPartProps, useChatList } from './ChatSection';
import { ModerateDialog } from './ModerateDialog';
import { useTask } from './useTask';

/** Messages that wait for review, and the newest messages with what moderators can do. */
export function ChatMessages({ api, channel, revision, onChanged, canManage }: ChatPartProps & { canManage: boolean }) {
  const text = adminText.chat;
  const [state, setState] = useState('');
  const [participant, setParticipant] = useState<ChatMessage | null>(null);
  const [moderated, setModerated] = useState<ChatMessage | null>(null);
  const [erased, setErased] = useState<ChatMessage | null>(null);
  const review = useTask(onChanged);
  const saving = useTask(ignore);
  const held = useChatList(
    useCallback(() => listMessages(api, channel, 'held', ''), [api, channel]),
    revision,
  );
  const person = participant?.participant ?? '';
  const messages = useChatList(
    useCallback(() => listMessages(api, channel, state, person), [api, channel, state, person]),
    revision,
  );
  const decide = (message: ChatMessage, action: 'approve' | 'deny') =>
    void review.run(() => act(api, channel, { action, session: message.session, message: message.id }));

  const exportAll = (message: ChatMessage) =>
    void saving.run(async () => {
      const all = await exportParticipant(api, channel, message.participant);
      save(new Blob([JSON.stringify(all, null, 2)], { type: 'application/json' }), `chat-${channel}-${message.participant}.json`);
    });

  return (
    <>
      <h3>{text.review(held.data?.length ?? 0)}</h3>
      <p className="field-error" role="alert">
        {review.error}
      </p>
      <AsyncList source={held} empty={<p className="field-hint">{text.reviewEmpty}</p>}>
        {(items) => (
          <ul className="item-list">
            {[...items].reverse().map((message) => (
              <li
                key={`${message.session}/${message.id}`}
                onKeyDown={(event) => {
                  if (event.key === 'a') decide(message, 'approve');
                  if (event.key === 'd') decide(message, 'deny');
                }}
              >
                <MessageText message={message} />
                <div className="tools row-tools" role="group" aria-label={message.name}>
                  <button type="button" className="button secondary" disabled={review.isBusy} onClick={() => decide(message, 'approve')}>
                    {text.approve}
                  </button>
                  <button type="button" className="button secondary" disabled={review.isBusy} onClick={() => decide(message, 'deny')}>
                    {text.deny}
                  </button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
      <div className="panel-top">
        <h3>{participant === null ? text.messages : text.participant(participant.name)}</h3>
        <label>
          {text.state}{' '}
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">{text.all}</option>
            {Object.entries(text.states).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {participant !== null && (
        <div className="tools">
          <button type="button" className="button secondary" onClick={() => setParticipant(null)}>
            {text.everyone}
          </button>
          {canManage && (
            <>
              <button type="button" className="button secondary" disabled={saving.isBusy} onClick={() => exportAll(participant)}>
                {saving.isBusy ? text.exporting : text.export}
              </button>
              <button type="button" className="button secondary" onClick={() => setErased(participant)}>
                {text.erase}
              </button>
            </>
          )}
          <p className="field-error" role="alert">
            {saving.error}
          </p>
        </div>
      )}
      <AsyncList source={messages} empty={<p className="field-hint">{text.messagesEmpty}</p>}>
        {(items) => (
          <ul className="item-list chat-messages" tabIndex={0} aria-label={text.newest}>
            {items.map((message) => (
              <li key={`${message.session}/${message.id}`}>
                <MessageText message={message} onParticipant={() => setParticipant(message)} />
                <div className="tools row-tools">
                  <button type="button" className="button secondary" onClick={() => setModerated(message)}>
                    {text.moderate}
                  </button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
      {moderated !== null && (
        <ModerateDialog api={api} channel={channel} message={moderated} onChanged={onChanged} onClose={() => setModerated(null)} />
      )}
      {erased !== null && (
        <Confirm
          title={text.eraseTitle}
          hint={text.eraseHint}
          submit={text.erase}
          onConfirm={async () => {
            await eraseMessages(api, channel, erased.participant);
            setParticipant(null);
            onChanged();
          }}
          onClose={() => setErased(null)}
        />
      )}
    </>
  );
}

function ignore() {}

/** Name, text and state of a message. Name and text are displayed as text. */
export function MessageText({ message, onParticipant }: { message: ChatMessage; onParticipant?: () => void }) {
  const text = adminText.chat;
  const isShown = message.state === 'shown';
  const isGone = message.state === 'removed' || message.state === 'denied';
  return (
    <div>
      <p className="item-name">
        {onParticipant === undefined ? (
          <span dir="auto">{message.name}</span>
        ) : (
          <button type="button" className="link" dir="auto" onClick={onParticipant}>
            {message.name}
          </button>
        )}{' '}
        <code>{message.from}</code>
      </p>
      <p dir="auto" className={isGone ? 'chat-message-text is-hidden' : 'chat-message-text'}>
        {message.text}
      </p>
      <p className="field-hint">
        {clockText(message.sentAt)}
        {!isShown && ` · ${text.states[message.state as keyof typeof text.states] ?? message.state}`}
        {message.heldBy && ` · ${message.heldBy}`}
      </p>
    </div>
  );
}
