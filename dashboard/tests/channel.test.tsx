import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Channel, type System } from '../src/admin/api';
import { channelChange, recordingOf, withCurrent } from '../src/admin/channel/channelChange';
import { ChannelFields } from '../src/admin/channel/ChannelSection';
import { slateFile } from '../src/admin/channel/SlateDialog';
import { adminText } from '../src/text';

const channel: Channel = { name: 'main', title: 'Council', ladder: 'auto', latency: 'standard', rewind: '12h', record: true, retention: '30d', reconnectWindowSeconds: 60, live: null };
const system: System = { version: '1', role: 'admin', ladders: ['passthrough', 'auto'], latencies: ['low', 'standard'] };

afterEach(() => vi.unstubAllGlobals());

function formOf(values: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ title: 'Council', ladder: 'auto', latency: 'standard', rewind: '12h', recording: '30d', reconnectWindowSeconds: '60', ...values })) form.set(name, value);
  return form;
}

describe('a channel', () => {
  test('is changed by what differs', () => {
    expect(channelChange(channel, formOf({}))).toEqual({});
    expect(channelChange(channel, formOf({ title: 'Town council', latency: 'low' }))).toEqual({ title: 'Town council', latency: 'low' });
    expect(channelChange(channel, formOf({ recording: 'off' }))).toEqual({ record: false });
    expect(channelChange(channel, formOf({ recording: 'forever', reconnectWindowSeconds: '' }))).toEqual({ record: true, retention: 'forever' });
    expect(channelChange(channel, formOf({ reconnectWindowSeconds: '90' }))).toEqual({ reconnectWindowSeconds: 90 });
    expect(channelChange(channel, formOf({ audioLanguages: ' en, pt-BR ', reminderMinutes: '60,10', announceEvents: 'off' }))).toEqual({ audioLanguages: ['en', 'pt-BR'], reminderMinutes: [60, 10], announceEvents: false });
    const told = { ...channel, audioLanguages: ['en'], reminderMinutes: [60], announceEvents: false };
    expect(channelChange(told, formOf({ audioLanguages: 'en', reminderMinutes: '60', announceEvents: 'off' }))).toEqual({});
    expect(channelChange(told, formOf({ audioLanguages: '', reminderMinutes: '', announceEvents: 'on' }))).toEqual({ audioLanguages: [], reminderMinutes: [], announceEvents: true });
    expect(() => channelChange(channel, formOf({ reminderMinutes: 'an hour' }))).toThrow();
  });
  test('that does not record says so', () => expect(recordingOf({ ...channel, record: false })).toBe('off'));
  test('keeps what was set elsewhere among its choices', () => {
    expect(withCurrent({ off: 'Off' }, '3h')).toEqual([['off', 'Off'], ['3h', '3h']]);
    expect(withCurrent({ off: 'Off' }, 'off')).toEqual([['off', 'Off']]);
  });
  test('shows its settings as they are, and what the server has against new ones', () => {
    const html = renderToStaticMarkup(<ChannelFields channel={channel} system={system} mistakes={{ reconnectWindowSeconds: 'Too long.' }} />);
    for (const words of ['value="Council"', '<option value="standard" selected="">', '<option value="auto" selected="">', '<option value="12h" selected="">', '<option value="30d" selected="">', 'Too long.']) {
      expect(html).toContain(words);
    }
  });
  test('with rungs of its own has them to be changed', () => {
    const html = renderToStaticMarkup(<ChannelFields channel={{ ...channel, ladder: '854x480@1200k' }} system={system} mistakes={{}} />);
    expect(html).toContain('<option value="own" selected="">');
    expect(html).toContain('value="854x480@1200k"');
  });
});

describe('a slate', () => {
  test('is a file, and not too large', () => {
    const picture = new Blob(['x'], { type: 'image/png' });
    expect(slateFile(picture)).toBe(picture);
    expect(() => slateFile(null)).toThrow(ApiError);
    expect(() => slateFile(new Blob([]))).toThrow(adminText.channel.slateNeeded);
    expect(() => slateFile(new Blob([new Uint8Array(16 * 1024 * 1024 + 1)]))).toThrow(adminText.channel.slateTooLarge);
  });
  test('is sent as it is, and is none where there is none', async () => {
    const asked: RequestInit[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      asked.push(init);
      return Promise.resolve(new Response(asked.length === 1 ? null : '{}', { status: asked.length === 1 ? 204 : 404 }));
    });
    const picture = new Blob(['x'], { type: 'image/png' });
    await new Api(null, adminText).setSlate('main', picture);
    expect(asked[0]).toMatchObject({ method: 'PUT', body: picture, headers: { 'Content-Type': 'image/png' } });
    expect(await new Api(null, adminText).slate('main')).toBeNull();
  });
});
