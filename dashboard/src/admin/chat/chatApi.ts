import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/channels/{name}/chat`.

export type ChatSettings = Schemas['ChatSettingsView'];
export type ChatMessage = Schemas['ChatMessageView'];
export type ChatAction = Schemas['ChatActionView'];
export type ChatPoll = Schemas['ChatPollView'];
export type ChatQuestion = Schemas['ChatQuestionView'];
export type ChatFilters = Schemas['ChatFiltersView'];
export type ChatStatistics = Schemas['ChatStatisticsView'];
export type ChatExport = Schemas['ChatExportView'];
export type NewChatAction = Partial<Schemas['NewChatAction']> & { action: string };

export function getChat(api: Api, channel: string): Promise<ChatSettings> {
  return api.send('GET', path(channel));
}

export function changeChat(api: Api, channel: string, change: Partial<ChatSettings>): Promise<ChatSettings> {
  return api.send('PATCH', path(channel), change);
}

/** Lists the newest messages. */
export function listMessages(api: Api, channel: string, state: string, participant: string): Promise<ChatMessage[]> {
  const query = new URLSearchParams({ limit: '100' });
  if (state !== '') query.set('state', state);
  if (participant !== '') query.set('participant', participant);
  return api.send('GET', `${path(channel)}/messages?${query}`);
}

export function listActions(api: Api, channel: string, inEffect: boolean): Promise<ChatAction[]> {
  return api.send('GET', `${path(channel)}/actions?limit=100${inEffect ? '&inEffect=true' : ''}`);
}

export function act(api: Api, channel: string, action: NewChatAction): Promise<ChatAction> {
  return api.send('POST', `${path(channel)}/actions`, action);
}

export function undoAction(api: Api, channel: string, id: string): Promise<ChatAction> {
  return api.send('POST', `${path(channel)}/actions/${encodeURIComponent(id)}/undo`, {});
}

export function eraseMessages(api: Api, channel: string, participant: string): Promise<unknown> {
  return api.send('DELETE', `${path(channel)}/participants/${encodeURIComponent(participant)}/messages`);
}

/** Everything that is stored about a participant. */
export function exportParticipant(api: Api, channel: string, participant: string): Promise<ChatExport> {
  return api.send('GET', `${path(channel)}/participants/${encodeURIComponent(participant)}/export`);
}

/** Statistics of the newest session with chat. */
export function getStatistics(api: Api, channel: string): Promise<ChatStatistics> {
  return api.send('GET', `${path(channel)}/statistics`);
}

export function listPolls(api: Api, channel: string): Promise<ChatPoll[]> {
  return api.send('GET', `${path(channel)}/polls`);
}

export function createPoll(api: Api, channel: string, poll: { question: string; options: string[]; seconds?: number }): Promise<ChatPoll> {
  return api.send('POST', `${path(channel)}/polls`, poll);
}

export function endPoll(api: Api, channel: string, id: string, hide: boolean): Promise<ChatPoll> {
  return api.send('POST', `${path(channel)}/polls/${encodeURIComponent(id)}/${hide ? 'hide' : 'end'}`);
}

export function listQuestions(api: Api, channel: string): Promise<ChatQuestion[]> {
  return api.send('GET', `${path(channel)}/questions`);
}

export function changeQuestion(api: Api, channel: string, id: string, state: string): Promise<ChatQuestion> {
  return api.send('PATCH', `${path(channel)}/questions/${encodeURIComponent(id)}`, { state });
}

export function getFilters(api: Api, channel: string): Promise<ChatFilters> {
  return api.send('GET', `${path(channel)}/filters`);
}

export function setFilters(api: Api, channel: string, filters: ChatFilters): Promise<ChatFilters> {
  return api.send('PUT', `${path(channel)}/filters`, filters);
}

function path(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/chat`;
}
