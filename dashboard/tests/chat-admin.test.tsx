import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api } from '../src/admin/api';
import { ActionList } from '../src/admin/chat/ChatActions';
import { filtersOf } from '../src/admin/chat/ChatFilters';
import { MessageText } from '../src/admin/chat/ChatMessages';
import { ChatModes } from '../src/admin/chat/ChatModes';
import { lines, PollResult, pollOf } from '../src/admin/chat/ChatPolls';
import { nextStates } from '../src/admin/chat/ChatQuestions';
import { ChatSection } from '../src/admin/chat/ChatSection';
import { numbersOf, pointsOf, StatisticsView } from '../src/admin/chat/ChatStatistics';
import {
  act, changeChat, changeQuestion, type ChatAction, type ChatMessage, type ChatPoll, type ChatSettings, type ChatStatistics, createPoll,
  endPoll, eraseMessages, exportParticipant, getStatistics, listActions, listMessages, setFilters, undoAction,
} from '../src/admin/chat/chatApi';
import { actionOf } from '../src/admin/chat/ModerateDialog';
import { applyUpdate, initialLiveState } from '../src/admin/live/liveState';
import type { Polled } from '../src/admin/usePolled';
import { ModeratorApi } from '../src/chat/moderatorApi';
import { adminText } from '../src/text';

// Static rendering never loads: the tests set what has been loaded.
const loaded = vi.hoisted(() => ({ polled: { data: null, error: null, refresh: () => undefined } as Polled<unknown> }));
vi.mock('../src/admin/usePolled', () => ({ usePolled: () => loaded.polled }));

const api = new Api(null, adminText);
const text = adminText.chat;
const settings: ChatSettings = {
  enabled: true, slowSeconds: 0, membersOnly: false, frozen: false, holdAll: false, reactions: true, questions: false,
  event: null,
};
const message: ChatMessage = {
  session: 'S', id: '58-0', participant: 'P', from: '4be6d84dcb', name: '<b>Ada</b>', text: '<script>alert(1)</script>', replyTo: null,
  time: '2030-01-01T12:00:00Z', sentAt: '2030-01-01T12:00:00Z', state: 'removed', heldBy: null,
};
const action: ChatAction = {
  id: 'A', action: 'timeout', session: 'S', message: '58-0', participant: 'P', name: 'Ada', reason: 'Insults', moderator: 'user/jane',
  moderatorName: 'Jane', at: '2030-01-01T12:00:00Z', endsAt: '2030-01-01T12:10:00Z', network: false, undoneAt: null, undoneBy: null,
};
const poll: ChatPoll = {
  id: 'P', session: 'S', question: 'Encore?', options: [{ text: 'Yes', votes: 3 }, { text: 'No', votes: 1 }],
  createdAt: '2030-01-01T12:00:00Z', endsAt: null, hiddenAt: null,
};
const statistics: ChatStatistics = {
  session: 'S', participants: 2, messages: { shown: 12, removed: 3, held: 0 }, announcements: 0,
  minutes: [{ minute: '2030-01-01T12:00:00Z', messages: 5 }, { minute: '2030-01-01T12:03:00Z', messages: 10 }],
  busiestMinute: { minute: '2030-01-01T12:03:00Z', messages: 10 },
  mostActive: [{ participant: 'P', name: '<b>Ada', messages: 15 }], reactions: { '❤️': 4 }, questions: { open: 0 }, polls: 1, pollVotes: 7,
  actions: { remove: 3 },
};
const ignore = () => undefined;

afterEach(() => vi.unstubAllGlobals());

/** Answers each request, and records it. */
function record(status = 200, body: unknown = {}): string[] {
  const requests: string[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    requests.push(`${init.method ?? 'GET'} ${url} ${typeof init.body === 'string' ? init.body : ''}`.trim());
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }));
  });
  return requests;
}

function form(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}

describe('requests', () => {
  test('go to the chat of the channel', async () => {
    const requests = record();
    await changeChat(api, 'a b', { frozen: true });
    await listMessages(api, 'main', 'held', 'P');
    await listActions(api, 'main', true);
    await act(api, 'main', { action: 'remove', message: '1-0' });
    await undoAction(api, 'main', 'A');
    await eraseMessages(api, 'main', 'P');
    await exportParticipant(api, 'main', 'P');
    await getStatistics(api, 'main');
    await createPoll(api, 'main', { question: 'q', options: ['a', 'b'] });
    await endPoll(api, 'main', 'P', true);
    await changeQuestion(api, 'main', 'Q', 'picked');
    await setFilters(api, 'main',
      filtersOf({} as never, form({ held: 'x', links: 'hold', capitals: 'allow', repeats: 'allow' })));
    expect(requests.map((request) => request.replace('/api/v1/channels/', ''))).toEqual([
      'PATCH a%20b/chat {"frozen":true}',
      'GET main/chat/messages?limit=100&state=held&participant=P',
      'GET main/chat/actions?limit=100&inEffect=true',
      'POST main/chat/actions {"action":"remove","message":"1-0"}',
      'POST main/chat/actions/A/undo {}',
      'DELETE main/chat/participants/P/messages',
      'GET main/chat/participants/P/export',
      'GET main/chat/statistics',
      'POST main/chat/polls {"question":"q","options":["a","b"]}',
      'POST main/chat/polls/P/hide',
      'PATCH main/chat/questions/Q {"state":"picked"}',
      'PUT main/chat/filters {"words":{"held":["x"],"rejected":[]},"links":{"action":"hold","domains":[]},'
        + '"capitals":{"maxPercent":70,"action":"allow"},'
        + '"repeats":{"maxRun":null,"anyoneSeconds":0,"senderSeconds":30,"action":"allow"}}',
    ]);
  });

  test('of the watch page return the reason of a failure', async () => {
    record(409, { detail: 'The message has already been removed.' });
    expect(await new ModeratorApi('main').act({ action: 'remove', message: '1-0' })).toEqual({
      kind: 'failed', status: 409, reason: 'The message has already been removed.',
    });
    record(400, { detail: 'x', errors: { seconds: ["'seconds' is missing."] } });
    expect(await new ModeratorApi('main').undo('A')).toMatchObject({ reason: "'seconds' is missing." });
    vi.stubGlobal('fetch', () => Promise.reject(new Error('offline')));
    expect(await new ModeratorApi('main').token()).toEqual({ kind: 'failed', status: 0, reason: '' });
  });
});

describe('forms', () => {
  test('of actions send what belongs to the action', () => {
    expect(actionOf(message, form({ action: 'remove', seconds: '600', network: 'on', reason: ' ' }))).toEqual({
      action: 'remove', session: 'S', message: '58-0',
    });
    expect(actionOf(message, form({ action: 'timeout', seconds: '600', reason: 'Insults' }))).toMatchObject({ seconds: 600,
      reason: 'Insults' });
    expect(actionOf(message, form({ action: 'ban', seconds: '600', network: 'on' }))).toEqual({
      action: 'ban', session: 'S', message: '58-0', network: true,
    });
  });

  test('of polls have one option per line', () => {
    expect(pollOf(form({ question: 'q', options: ' Yes \n\nNo', seconds: '' }))).toEqual({ question: 'q', options: ['Yes', 'No'] });
    expect(pollOf(form({ question: 'q', options: 'a', seconds: '60' })).seconds).toBe(60);
    expect(lines('')).toEqual([]);
  });
});

describe('pages', () => {
  test('show names and texts as text', () => {
    const html = renderToStaticMarkup(<MessageText message={message} onParticipant={ignore} />);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('&lt;b&gt;Ada&lt;/b&gt;');
    expect(html).toContain(text.states.removed);
    expect(html).not.toContain('<script');
  });

  test('let only producers switch the chat on and off', () => {
    const modes = (canManage: boolean) =>
      renderToStaticMarkup(
        <ChatModes api={api} channel="main" revision={0} onChanged={ignore} settings={settings} canManage={canManage} />);
    expect(modes(false)).toMatch(/<input[^>]*disabled/);
    expect(modes(true)).not.toMatch(/<input[^>]*disabled/);
    expect(modes(false)).toContain(text.frozen);
  });

  test('show a slow mode that is not in the list', () => {
    expect(
      renderToStaticMarkup(
        <ChatModes api={api} channel="main" revision={0} onChanged={ignore} settings={{ ...settings, slowSeconds: 7 }} canManage />,
      ),
    ).toContain(text.slowOther(7));
  });

  test('show actions with moderators and reasons, and undo once', () => {
    const html = renderToStaticMarkup(<ActionList items={[action]} isBusy={false} onUndo={ignore} />);
    for (const part of [text.past.timeout, 'Ada', 'Jane', 'Insults', text.undo]) expect(html).toContain(part);
    expect(
      renderToStaticMarkup(
        <ActionList items={[{ ...action, undoneAt: action.at, undoneBy: 'user/joe' }]} isBusy={false} onUndo={ignore} />,
      ),
    ).not.toContain('<button');
  });

  test('show the result of a poll', () => {
    const html = renderToStaticMarkup(<PollResult poll={poll} now={0} />);
    expect(html).toContain(text.votes(3));
    expect(html).toContain(text.pollOpen);
    expect(renderToStaticMarkup(<PollResult poll={{ ...poll, endsAt: poll.createdAt }} now={Date.parse('2031-01-01')} />)).toContain(
      text.pollEnded);
  });

  test('show loading, failures and a chat that is off', () => {
    const origin = 'https://live.example.org';
    const section = () =>
      renderToStaticMarkup(<ChatSection api={api} channel="main" origin={origin} canManage revision={0} />);
    expect(section()).toContain(adminText.loading);
    loaded.polled = { data: { ...settings, enabled: false }, error: null, refresh: ignore };
    expect(section()).toContain(text.off);
    loaded.polled = { data: null, error: null, refresh: ignore };
  });

  test('show the statistics of a session', () => {
    const labels = Object.fromEntries(numbersOf(statistics));
    expect(labels[text.statistics.messages]).toBe(`15 (${text.states.shown}: 12, ${text.states.removed}: 3)`);
    expect(labels[text.statistics.questions]).toBe('0');
    expect(labels[text.statistics.polls]).toBe(text.statistics.pollsWithVotes(1, 7));
    const html = renderToStaticMarkup(<StatisticsView statistics={statistics} />);
    for (const part of ['&lt;b&gt;Ada', 'data-points="4"', text.statistics.perMinute]) expect(html).toContain(part);
    expect(renderToStaticMarkup(<StatisticsView statistics={{ ...statistics, session: null }} />)).toContain(text.statistics.empty);
  });

  test('chart every minute of at most a day', () => {
    expect(pointsOf([])).toEqual([]);
    expect(pointsOf(statistics.minutes).map(([, count]) => count)).toEqual([5, 0, 0, 10]);
    const days = [{ minute: '2030-01-01T00:00:00Z', messages: 1 }, { minute: '2030-01-05T00:00:00Z', messages: 1 }];
    expect(pointsOf(days).length).toBe(1441);
  });

  test('offer the next states of a question', () => {
    expect(nextStates('open')).toContain('picked');
    expect(nextStates('removed')).toEqual(['open']);
  });
});

test('the event stream reports moderation', () => {
  const update = (type: string) =>
    applyUpdate(initialLiveState, { kind: 'message', type, data: JSON.stringify({ channel: 'main', data: {} }) });
  expect(update('chat.held').chatRevisions).toEqual({ main: 1 });
  expect(update('chat.moderated').chatRevisions).toEqual({ main: 1 });
  expect(update('chat.moderated').activityRevisions).toEqual({});
});
