import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Channel, type System } from '../src/admin/api';
import { channelChangeOf, recordingSetting, optionsWithCurrent } from '../src/admin/channel/channelChange';
import { ChannelFields } from '../src/admin/channel/ChannelSection';
import { slateFile } from '../src/admin/channel/SlateDialog';
import { ConfirmExpiry, sendChange } from '../src/admin/retention';
import { adminText } from '../src/text';

const channel: Channel = {
  name: 'main',
  title: 'Council',
  ladder: 'auto',
  latency: 'standard',
  dvrWindow: '12h',
  record: true,
  retention: '30d',
  reconnectWindowSeconds: 60,
  live: null,
};
const system: System = { version: '1', role: 'admin', ladders: ['passthrough', 'auto'], latencies: ['low', 'standard'] };

afterEach(() => vi.unstubAllGlobals());

function createForm(values: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({
    title: 'Council',
    ladder: 'auto',
    latency: 'standard',
    dvrWindow: '12h',
    recording: '30d',
    reconnectWindowSeconds: '60',
    ...values,
  }))
    form.set(name, value);
  return form;
}

describe('channel settings', () => {
  test('send only changes', () => {
    expect(channelChangeOf(channel, createForm({}))).toEqual({});
    expect(channelChangeOf(channel, createForm({ title: 'Town council', latency: 'low' }))).toEqual({
      title: 'Town council',
      latency: 'low',
    });
    expect(channelChangeOf(channel, createForm({ recording: 'off' }))).toEqual({ record: false });
    expect(channelChangeOf(channel, createForm({ recording: 'forever', reconnectWindowSeconds: '' }))).toEqual({
      record: true,
      retention: 'forever',
    });
    expect(channelChangeOf(channel, createForm({ reconnectWindowSeconds: '90' }))).toEqual({ reconnectWindowSeconds: 90 });
    expect(
      channelChangeOf(channel, createForm({ audioLanguages: ' en, pt-BR ', reminderMinutes: '60,10', announceEvents: 'off' })),
    ).toEqual({ audioLanguages: ['en', 'pt-BR'], reminderMinutes: [60, 10], announceEvents: false });
    const changedChannel = { ...channel, audioLanguages: ['en'], reminderMinutes: [60], announceEvents: false };
    expect(channelChangeOf(changedChannel, createForm({ audioLanguages: 'en', reminderMinutes: '60', announceEvents: 'off' }))).toEqual({});
    expect(channelChangeOf(changedChannel, createForm({ audioLanguages: '', reminderMinutes: '', announceEvents: 'on' }))).toEqual({
      audioLanguages: [],
      reminderMinutes: [],
      announceEvents: true,
    });
    expect(() => channelChangeOf(channel, createForm({ reminderMinutes: 'an hour' }))).toThrow();
  });
  test('recognize disabled recording', () => expect(recordingSetting({ ...channel, record: false })).toBe('off'));
  test('keep a custom value among the options', () => {
    expect(optionsWithCurrent({ off: 'Off' }, '3h')).toEqual([
      ['off', 'Off'],
      ['3h', '3h'],
    ]);
    expect(optionsWithCurrent({ off: 'Off' }, 'off')).toEqual([['off', 'Off']]);
  });
  test('show current values and the server’s errors', () => {
    const html = renderToStaticMarkup(
      <ChannelFields channel={channel} system={system} fieldErrors={{ reconnectWindowSeconds: 'Too long.' }} />,
    );
    for (const expectedText of [
      'value="Council"',
      '<option value="standard" selected="">',
      '<option value="auto" selected="">',
      '<option value="12h" selected="">',
      '<option value="30d" selected="">',
      'Too long.',
    ]) {
      expect(html).toContain(expectedText);
    }
  });
  test('show custom rungs in an input', () => {
    const html = renderToStaticMarkup(<ChannelFields channel={{ ...channel, ladder: '854x480@1200k' }} system={system} fieldErrors={{}} />);
    expect(html).toContain('<option value="custom" selected="">');
    expect(html).toContain('value="854x480@1200k"');
  });
});

describe('a shorter retention', () => {
  const detail = 'This retention is shorter: 3 existing recordings expire earlier. Ask an admin, or confirm it with "expireRecordings".';

  test('is sent again with the confirmation when the server requires it', async () => {
    const requests: { path: string; body: unknown }[] = [];
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      requests.push({ path, body: JSON.parse(String(init.body)) });
      return Promise.resolve(
        requests.length === 1
          ? new Response(JSON.stringify({ detail, needs: 'expireRecordings' }), { status: 409 })
          : new Response(JSON.stringify(channel), { status: 200 }),
      );
    });
    const api = new Api(null, adminText);
    const change = channelChangeOf(channel, createForm({ recording: '7d' }));
    const expiring = await sendChange(change, (request) => api.changeChannel('main', request));
    expect(expiring?.effect).toBe('This retention is shorter: 3 existing recordings expire earlier.');
    expect(requests.map(({ body }) => body)).toEqual([{ record: true, retention: '7d' }]);
    await expiring?.confirm();
    expect(requests[1]).toEqual({ path: requests[0]?.path, body: { record: true, retention: '7d', expireRecordings: true } });
  });
  test('is not confirmed for other conflicts, and not when the change was made', async () => {
    expect(await sendChange({ retention: '7d' }, () => Promise.resolve(channel))).toBeNull();
    const conflict = new ApiError(409, 'expireRecordings');
    await expect(sendChange({ retention: '7d' }, () => Promise.reject(conflict))).rejects.toBe(conflict);
  });
  test('is confirmed in a form that the keyboard can submit or cancel', () => {
    const confirm = vi.fn(() => Promise.resolve());
    const html = renderToStaticMarkup(<ConfirmExpiry change={{ effect: 'Three expire.', confirm }} onClose={vi.fn()} />);
    expect(html).toContain(`<p>Three expire. ${adminText.recordings.expireHint}</p>`);
    expect(html).toMatch(/<form .*<button type="button" [^>]*>Cancel<\/button><button type="submit" class="button danger"[^>]*>Shorten</);
    expect(confirm).not.toHaveBeenCalled();
  });
});

describe('a slate', () => {
  test('must be a file of limited size', () => {
    const image = new Blob(['x'], { type: 'image/png' });
    expect(slateFile(image)).toBe(image);
    expect(() => slateFile(null)).toThrow(ApiError);
    expect(() => slateFile(new Blob([]))).toThrow(adminText.channel.slateRequired);
    expect(() => slateFile(new Blob([new Uint8Array(16 * 1024 * 1024 + 1)]))).toThrow(adminText.channel.slateTooLarge);
  });
  test('is uploaded unchanged, and null if there is none', async () => {
    const requests: RequestInit[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      requests.push(init);
      return Promise.resolve(new Response(requests.length === 1 ? null : '{}', { status: requests.length === 1 ? 204 : 404 }));
    });
    const image = new Blob(['x'], { type: 'image/png' });
    await new Api(null, adminText).setSlate('main', image);
    expect(requests[0]).toMatchObject({ method: 'PUT', body: image, headers: { 'Content-Type': 'image/png' } });
    expect(await new Api(null, adminText).slate('main', new AbortController().signal)).toBeNull();
  });
  test('is downloaded when an earlier download has ended', async () => {
    let requests = 0;
    vi.stubGlobal('fetch', () => {
      requests++;
      return Promise.resolve(
        requests < 3 ? new Response('{}', { status: 429, headers: { 'Retry-After': '0' } }) : new Response('x', { status: 200 }),
      );
    });
    const slate = await new Api(null, adminText).slate('main', new AbortController().signal);
    expect(await slate?.text()).toBe('x');
    expect(requests).toBe(3);
  });
  test('is requested a limited number of times, and not after cancellation', async () => {
    let requests = 0;
    vi.stubGlobal('fetch', () => {
      requests++;
      return Promise.resolve(new Response('{"detail":"busy"}', { status: 429, headers: { 'Retry-After': requests < 10 ? '0' : '60' } }));
    });
    await expect(new Api(null, adminText).slate('main', new AbortController().signal)).rejects.toThrow('busy');
    expect(requests).toBe(4);
    requests = 10;
    const download = new AbortController();
    const cancelled = new Api(null, adminText).slate('main', download.signal);
    await Promise.resolve();
    download.abort();
    await expect(cancelled).rejects.toThrow();
    expect(requests).toBeLessThan(13);
  });
});
