import { useCallback } from 'react';
import { adminText } from '../../text';
import { AsyncList } from '../AsyncList';
import { changeQuestion, type ChatQuestion, listQuestions } from './chatApi';
import { type ChatPartProps, useChatList } from './ChatSection';
import { useTask } from './useTask';

/** Questions of viewers by votes, for the hosts. */
export function ChatQuestions({ api, channel, revision, onChanged }: ChatPartProps) {
  const text = adminText.chat;
  const task = useTask(onChanged);
  const questions = useChatList(
    useCallback(() => listQuestions(api, channel), [api, channel]),
    revision,
  );
  const change = (question: ChatQuestion, state: string) => void task.run(() => changeQuestion(api, channel, question.id, state));
  const labels = { picked: text.pick, answered: text.answered, open: text.reopen, removed: text.remove };

  return (
    <>
      <h3>{text.questions}</h3>
      <p className="field-error" role="alert">
        {task.error}
      </p>
      <AsyncList source={questions} empty={<p className="field-hint">{text.questionsEmpty}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((question) => (
              <li key={question.id}>
                <div>
                  <p className="item-name" dir="auto">
                    {question.text}
                  </p>
                  <p className="field-hint">
                    <span dir="auto">{question.name}</span> · {text.votes(question.votes)} ·{' '}
                    {text.questionStates[question.state as keyof typeof text.questionStates] ?? question.state}
                  </p>
                </div>
                <div className="tools row-tools" role="group" aria-label={question.text}>
                  {nextStates(question.state).map((state) => (
                    <button
                      key={state}
                      type="button"
                      className="button secondary"
                      disabled={task.isBusy}
                      onClick={() => change(question, state)}
                    >
                      {labels[state]}
                    </button>
                  ))}
                </div>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
    </>
  );
}

/** States that a host can choose next. */
export function nextStates(state: string): ('open' | 'picked' | 'answered' | 'removed')[] {
  switch (state) {
    case 'open':
      return ['picked', 'answered', 'removed'];
    case 'picked':
      return ['answered', 'open', 'removed'];
    case 'held':
    case 'answered':
      return ['open', 'removed'];
    default:
      return ['open'];
  }
}
