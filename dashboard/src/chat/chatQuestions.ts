import { element, setHidden, setText } from '../player/dom';
import { chatText } from '../text/chat';

/** A question to the hosts. */
export interface ChatQuestion {
  id: string;
  name: string;
  text: string;
  state: 'open' | 'picked' | 'answered';
  votes: number;
}

/** Questions to the hosts: those of all viewers by votes, and a form for the own one. */
export class QuestionsPanel {
  readonly root: HTMLDetailsElement;
  private readonly list = element('ol', { class: 'chat-questions-list' });
  private readonly empty = element('p', { class: 'chat-empty' }, chatText.questionsEmpty);
  private readonly summary = element('summary', {}, chatText.questions);
  private readonly text = element('input', {
    class: 'chat-input', 'aria-label': chatText.yourQuestion, placeholder: chatText.yourQuestion, maxlength: '500', required: true,
    autocomplete: 'off',
  });
  private readonly voted = new Set<string>();
  /** Buttons to vote, by question. */
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly onVote: (question: string) => Promise<boolean>;

  constructor(onAsk: (text: string) => Promise<boolean>, onVote: (question: string) => Promise<boolean>) {
    this.onVote = onVote;
    const ask = element('button', { class: 'chat-button', type: 'submit' }, chatText.ask);
    const form = element('form', { class: 'chat-form' }, this.text, ask);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.text.value.trim() === '' || ask.disabled) return;
      ask.disabled = true;
      void onAsk(this.text.value.trim()).then((isAsked) => {
        ask.disabled = false;
        if (isAsked) this.text.value = '';
        this.text.focus();
      });
    });
    this.root = element('details', { class: 'chat-questions', hidden: true }, this.summary, this.empty, this.list, form);
  }

  setEnabled(isEnabled: boolean): void {
    setHidden(this.root, !isEnabled);
  }

  render(questions: readonly ChatQuestion[]): void {
    setText(this.summary, questions.length === 0 ? chatText.questions : `${chatText.questions} (${questions.length})`);
    setHidden(this.empty, questions.length > 0);
    const focused = [...this.buttons].find(([, button]) => button === document.activeElement)?.[0];
    this.buttons.clear();
    this.list.replaceChildren(...questions.map((question) => this.rowOf(question)));
    if (focused === undefined) return;
    const button = this.buttons.get(focused);
    (button === undefined || button.hidden ? this.summary : button).focus();
  }

  private rowOf(question: ChatQuestion): HTMLElement {
    const vote = element(
      'button',
      {
        type: 'button', class: 'chat-link', 'aria-label': chatText.voteFor(question.votes, question.text),
        hidden: question.state !== 'open', 'aria-pressed': String(this.voted.has(question.id)),
      },
      `▲ ${question.votes}`,
    );
    this.buttons.set(question.id, vote);
    vote.addEventListener('click', () => {
      if (this.voted.has(question.id)) return;
      void this.onVote(question.id).then((isCounted) => {
        if (!isCounted) return;
        this.voted.add(question.id);
        vote.setAttribute('aria-pressed', 'true');
      });
    });
    return element(
      'li',
      { class: 'chat-question' },
      ...(question.state === 'open' ? [] : [element('span', { class: 'chat-label' }, chatText.questionStates[question.state])]),
      element('span', { dir: 'auto' }, question.text),
      ' ',
      element('span', { class: 'chat-held', dir: 'auto' }, question.name),
      ' ',
      vote,
    );
  }
}

/** Loads the questions of a session; null if that fails. */
export async function fetchQuestions(liveRoot: string, session: string, version: number): Promise<ChatQuestion[] | null> {
  try {
    const response = await fetch(`${liveRoot}/${session}/chat/questions/${version}.json`);
    return response.ok ? parseQuestions(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Reads the document of questions. Invalid parts are left out. */
export function parseQuestions(body: unknown): ChatQuestion[] {
  const questions = typeof body === 'object' && body !== null ? (body as { questions?: unknown }).questions : null;
  if (!Array.isArray(questions)) return [];
  return questions.flatMap((value: unknown) => {
    const { id, name, text, state, votes } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    return typeof id === 'string' && typeof name === 'string' && typeof text === 'string' && typeof votes === 'number'
      && (state === 'open' || state === 'picked' || state === 'answered')
      ? [{ id, name, text, state, votes }]
      : [];
  });
}
