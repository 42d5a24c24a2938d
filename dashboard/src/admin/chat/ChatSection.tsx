import './chat.css';
import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { CopyField } from '../CopyField';
import { usePolled } from '../usePolled';
import { channelPageUrl } from '../viewerPages';
import { ChatActions } from './ChatActions';
import { ChatFilters } from './ChatFilters';
import { ChatMessages } from './ChatMessages';
import { ChatModes } from './ChatModes';
import { ChatPolls } from './ChatPolls';
import { ChatQuestions } from './ChatQuestions';
import { ChatStatistics } from './ChatStatistics';
import { getChat } from './chatApi';

interface ChatSectionProps {
  api: Api;
  channel: string;
  /** Scheme and host of the viewer pages, such as `https://live.example.org`. */
  origin: string;
  /** Whether the user may switch the chat on and off, and delete messages for good. */
  canManage: boolean;
  /** Increases when the event stream reports an action or a message that waits for review. */
  revision: number;
}

/** The chat of a channel: settings and moderation. */
export function ChatSection({ api, channel, origin, canManage, revision }: ChatSectionProps) {
  const settings = usePolled(
    useCallback(() => getChat(api, channel), [api, channel]),
    10_000,
    ignore,
  );
  // Lists reload after each action of this page, too.
  const [actions, setActions] = useState(0);
  const { refresh } = settings;
  const text = adminText.chat;
  const shownRevision = useRef(revision);

  useEffect(() => {
    if (shownRevision.current === revision) return;
    shownRevision.current = revision;
    refresh();
  }, [revision, refresh]);

  const onChanged = useCallback(() => {
    setActions((count) => count + 1);
    refresh();
  }, [refresh]);
  const state = { api, channel, revision: revision + actions, onChanged };

  // The chat of an event that has ended can still be read.
  const isOn = settings.data?.enabled === true || settings.data?.event != null;

  return (
    <section className="block" aria-labelledby="chat-title" id="chat">
      <h2 id="chat-title">{text.title}</h2>
      {settings.error !== null && (
        <p className="problem" role="alert">
          {settings.error.fullMessage}
        </p>
      )}
      {settings.data === null && settings.error === null && <p role="status">{adminText.loading}</p>}
      {settings.data !== null && <ChatModes {...state} settings={settings.data} canManage={canManage} />}
      {settings.data !== null && !isOn && (
        <div className="empty">
          <p className="empty-title">{text.off}</p>
          <p>{text.offHint}</p>
        </div>
      )}
      {settings.data !== null && isOn && (
        <>
          <ChatMessages {...state} canManage={canManage} />
          <ChatActions {...state} />
          <ChatPolls {...state} />
          {settings.data.questions && <ChatQuestions {...state} />}
          <ChatFilters {...state} />
          <ChatStatistics api={api} channel={channel} />
          <h3>{text.pages.title}</h3>
          <CopyField label={text.pages.chat} value={`${channelPageUrl(origin, channel)}/chat`} />
          <CopyField label={text.pages.overlay} value={`${channelPageUrl(origin, channel)}/overlay`} />
          <p className="field-hint">{text.pages.hint}</p>
        </>
      )}
    </section>
  );
}

/** What all parts of the section get. */
export interface ChatPartProps {
  api: Api;
  channel: string;
  revision: number;
  onChanged: () => void;
}

/** Loads a list every 5 s, and when the revision changes. */
export function useChatList<T>(load: () => Promise<T[]>, revision: number) {
  const list = usePolled(load, 5000, ignore);
  const { refresh } = list;
  const shown = useRef(revision);
  useEffect(() => {
    if (shown.current === revision) return;
    shown.current = revision;
    refresh();
  }, [revision, refresh]);
  return list;
}

function ignore() {}
