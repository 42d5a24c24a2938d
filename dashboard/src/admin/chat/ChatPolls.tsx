import { type FormEvent, useCallback } from 'react';
import { adminText } from '../../text';
import { AsyncList } from '../AsyncList';
import { type ChatPoll, createPoll, endPoll, listPolls } from './chatApi';
import { type ChatPartProps, useChatList } from './ChatSection';
import { useTask } from './useTask';

/** Polls: results, and a form for the next one. */
export function ChatPolls({ api, channel, revision, onChanged }: ChatPartProps) {
  const text = adminText.chat;
  const task = useTask(onChanged);
  const polls = useChatList(
    useCallback(() => listPolls(api, channel), [api, channel]),
    revision,
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    void task.run(async () => {
      await createPoll(api, channel, pollOf(fields));
      form.reset();
    });
  };

  return (
    <>
      <h3>{text.polls}</h3>
      <AsyncList source={polls} empty={<p className="field-hint">{text.pollsEmpty}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((poll) => (
              <li key={poll.id}>
                <PollResult poll={poll} now={Date.now()} />
                <div className="tools row-tools">
                  {isOpen(poll, Date.now()) && (
                    <button type="button" className="button secondary" onClick={() =>
                      void task.run(() => endPoll(api, channel, poll.id, false))}>
                      {text.endPoll}
                    </button>
                  )}
                  {poll.hiddenAt === null && (
                    <button type="button" className="button secondary" onClick={() =>
                      void task.run(() => endPoll(api, channel, poll.id, true))}>
                      {text.hidePoll}
                    </button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
      <form className="chat-inline-form" onSubmit={submit}>
        <label className="field">
          {text.pollQuestion}
          <input name="question" maxLength={500} autoComplete="off" required />
        </label>
        <label className="field">
          {text.pollOptions}
          <textarea name="options" rows={3} required />
        </label>
        <label className="field">
          {text.pollTime}
          <select name="seconds" defaultValue="60">
            {text.pollTimes.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button secondary" disabled={task.isBusy}>
          {text.createPoll}
        </button>
        <p className="field-error" role="alert">
          {task.error}
        </p>
      </form>
    </>
  );
}

/** A poll of the form. Empty lines are no options. */
export function pollOf(fields: FormData): { question: string; options: string[]; seconds?: number } {
  const seconds = String(fields.get('seconds') ?? '');
  return {
    question: String(fields.get('question') ?? ''),
    options: lines(String(fields.get('options') ?? '')),
    ...(seconds === '' ? {} : { seconds: Number(seconds) }),
  };
}

/** Lines of a text, without empty ones. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Question, options and votes of a poll. */
export function PollResult({ poll, now }: { poll: ChatPoll; now: number }) {
  const text = adminText.chat;
  const total = poll.options.reduce((sum, option) => sum + option.votes, 0);
  const state = poll.hiddenAt !== null ? text.pollHidden : isOpen(poll, now) ? text.pollOpen : text.pollEnded;
  return (
    <div>
      <p className="item-name" dir="auto">
        {poll.question}
      </p>
      <ul className="chat-poll">
        {poll.options.map((option) => (
          <li key={option.text}>
            <span dir="auto">{option.text}</span> <meter max={Math.max(1, total)} value={option.votes} aria-label={option.text} />{' '}
            {text.votes(option.votes)}
          </li>
        ))}
      </ul>
      <p className="field-hint">{state}</p>
    </div>
  );
}

function isOpen(poll: ChatPoll, now: number): boolean {
  return poll.hiddenAt === null && (poll.endsAt === null || Date.parse(poll.endsAt) > now);
}
