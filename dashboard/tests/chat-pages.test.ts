import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../src/chat/chatFeed';
import { chatPagePhase } from '../src/chatPage/chatPagePhase';
import { OverlayMessages } from '../src/overlay/overlayMessages';
import { overlayOptions } from '../src/overlay/overlayOptions';
import { offlineStatus } from '../src/player/channelStatus';
import { channelUrls, chatPageUrls, embedOptions } from '../src/player/channelUrls';
import { embedCode } from '../src/watch/shareLinks';

function message(id: string, text = id, time = 0): ChatMessage {
  return { id, from: 'ab12', name: 'Ada', text, replyTo: null, time, role: null, isAnnouncement: false };
}

describe('URLs of chat pages', () => {
  it('are those of the channel', () => {
    for (const path of ['/watch/main/chat', '/watch/main/chat/', '/embed/main/chat', '/watch/main/overlay'])
      expect(chatPageUrls(path)?.chat).toEqual({ live: '/live/main', post: '/chat/main' });
    expect(chatPageUrls('/t/abc/watch/main/chat')?.chat).toEqual({ live: '/t/abc/live/main', post: '/t/abc/chat/main' });
    expect(chatPageUrls('/watch/main/overlay', '?token=abc&size=40')?.status).toBe('/t/abc/live/main/status.json');
    expect(channelUrls('/watch/main', '?token=abc')?.chatPage).toBe('/watch/main/chat?token=abc');
  });

  it('keep channels apart whose names are those of pages', () => {
    for (const name of ['chat', 'overlay', 'watch', 'embed']) {
      expect(channelUrls(`/watch/${name}`)?.channel).toBe(name);
      expect(chatPageUrls(`/watch/${name}/chat`)?.channel).toBe(name);
      expect(chatPageUrls(`/watch/${name}/overlay`)?.channel).toBe(name);
    }
    expect(chatPageUrls('/watch/main')).toBeNull();
    expect(chatPageUrls('/chat')).toBeNull();
    expect(chatPageUrls('//evil.example/watch/main/chat')).toBeNull();
  });
});

describe('embeds with chat', () => {
  it('ask for it', () => {
    expect(embedOptions('').chat).toBeUndefined();
    expect(embedOptions('?chat=0').chat).toBeUndefined();
    expect(embedOptions('?chat=1').chat).toBe(true);
    const page = { origin: 'https://a.example', page: '/watch/main', embed: '/embed/main', title: 'Main' };
    expect(embedCode(page, 90, true)).toContain('src="https://a.example/embed/main?t=90&amp;chat=1" width="1280" height="540"');
    expect(embedCode(page, null, true)).toContain('/embed/main?chat=1"');
    expect(embedCode(page, null)).toContain('/embed/main" width="1280" height="720"');
  });
});

describe('page with the chat alone', () => {
  const live = { ...offlineStatus, state: 'live' as const, session: 'S', chat: true as const };

  it('says why there is no chat', () => {
    expect(chatPagePhase({ kind: 'nothing' }, false)).toBe('loading');
    expect(chatPagePhase({ kind: 'denied', reason: 'noToken' }, true)).toBe('denied');
    expect(chatPagePhase({ kind: 'answer', channelStatus: offlineStatus, isUnknown: true }, false)).toBe('noChannel');
    expect(chatPagePhase({ kind: 'answer', channelStatus: offlineStatus }, false)).toBe('notLive');
    expect(chatPagePhase({ kind: 'answer', channelStatus: { ...live, chat: undefined } }, true)).toBe('off');
    expect(chatPagePhase({ kind: 'answer', channelStatus: live }, false)).toBe('live');
  });

  it('keeps the messages while the server is unreachable', () => {
    expect(chatPagePhase({ kind: 'unreachable', failures: 3 }, true)).toBe('live');
    expect(chatPagePhase({ kind: 'unreachable', failures: 3 }, false)).toBe('loading');
  });
});

describe('overlay', () => {
  const now = 1_000_000;
  const idsOf = (messages: readonly ChatMessage[]) => messages.map(({ id }) => id);

  it('limits its options', () => {
    expect(overlayOptions('')).toEqual({
      size: 28, max: 12, fade: 0, align: 'left', messages: true, pinned: true, poll: true, question: true,
    });
    expect(overlayOptions('?size=9999&max=0&fade=-5&align=top&poll=false&pinned=0')).toMatchObject({
      size: 120, max: 1, fade: 0, align: 'left', poll: false, pinned: false,
    });
    expect(overlayOptions('?size=big&max=&fade=1e9')).toMatchObject({ size: 28, max: 12, fade: 3600 });
  });

  it('shows the newest messages once', () => {
    const messages = new OverlayMessages(2, 0);
    expect(idsOf(messages.update([message('1-0'), message('1-1')], [], true, now).added)).toEqual(['1-0', '1-1']);
    const next = messages.update([message('1-1'), message('2-0')], [], false, now);
    expect(idsOf(next.added)).toEqual(['2-0']);
    expect(next.removed).toEqual(['1-0']);
    expect(idsOf(messages.update([message('3-0'), message('3-1'), message('3-2')], [], false, now).added)).toEqual(['3-1', '3-2']);
  });

  it('removes what a moderator removes, and starts anew with a session', () => {
    const messages = new OverlayMessages(12, 0);
    messages.update([message('1-0'), message('1-1')], [], true, now);
    expect(messages.update([], ['1-0', '9-9'], false, now).removed).toEqual(['1-0']);
    messages.clear();
    expect(idsOf(messages.update([message('1-1')], [], true, now).added)).toEqual(['1-1']);
  });

  it('removes messages when their time is over', () => {
    const messages = new OverlayMessages(12, 30);
    const start = [message('1-0', 'old', now - 31_000), message('1-1', 'recent', now - 20_000)];
    expect(idsOf(messages.update(start, [], true, now).added)).toEqual(['1-1']);
    // The sender was far behind live: the message is new nevertheless.
    expect(idsOf(messages.update([message('2-0', 'new', now - 60_000)], [], false, now).added)).toEqual(['2-0']);
    expect(messages.expire(now + 9999)).toEqual([]);
    expect(messages.expire(now + 10_000)).toEqual(['1-1']);
    expect(messages.expire(now + 30_000)).toEqual(['2-0']);
  });

  it('stays bounded in a burst', () => {
    const messages = new OverlayMessages(12, 0);
    let count = 0;
    for (let batch = 1; batch <= 50; batch++) {
      const burst = Array.from({ length: 50 }, (_, position) => message(`${batch}-${position}`));
      const { added, removed } = messages.update(burst, [], false, now);
      count += added.length - removed.length;
      expect(count).toBe(12);
    }
  });
});
