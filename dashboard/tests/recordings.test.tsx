import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { Api } from '../src/admin/api';
import { addressOf, placeOf } from '../src/admin/navigation';
import { readFile, sizeOf } from '../src/admin/recordings/download';
import { type Deletion, listRecordings, type Recording } from '../src/admin/recordings/recordingApi';
import { ChangeFields } from '../src/admin/recordings/RecordingDialogs';
import { bringIntoSight, MomentPicker, takeMoment } from '../src/admin/recordings/MomentPicker';
import { RecordingPlayer } from '../src/admin/recordings/RecordingPlayer';
import { RecordingRow } from '../src/admin/recordings/RecordingRow';
import { clipTitle, deletionWords, instantText, lengthText, linkWords, momentText, recordingChange, recordingFacts, sizeText, trimWords, usageWords } from '../src/admin/recordings/recordingWords';
import { needsLink, withToken } from '../src/admin/recordings/watchAddress';
import { adminText } from '../src/text';

const text = adminText.recordings;
const recording: Recording = {
  id: '01R',
  channel: 'main',
  session: '01R',
  kind: 'session',
  title: 'First night',
  visibility: 'public',
  access: 'channel',
  state: 'ready',
  startsAt: '2030-01-01T12:00:00Z',
  endsAt: '2030-01-01T13:02:05Z',
  durationSeconds: 3725.2,
  retention: 'channel',
  expiresAt: null,
  createdAt: '2030-01-01T12:00:00Z',
  bytes: null,
  addresses: { hls: 'http://h/vod/01R/index.m3u8', dash: '', download: 'http://h/vod/01R/download.mp4', poster: 'http://h/vod/01R/poster.jpg', thumbnails: '' },
};

describe('a clip', () => {
  test('is called after what it is cut out of, until somebody has a better name', () => {
    expect(clipTitle(recording)).toBe('First night (clip)');
    expect(clipTitle({ ...recording, title: '' })).toBe('');
  });
  test.each([193, 194, 200])('is called no longer than a title may be, after one of %d characters', (length) => {
    const title = clipTitle({ ...recording, title: 'x'.repeat(length) });
    expect(title).toBe(text.clipName('x'.repeat(193)));
    expect(title).toHaveLength(200);
  });
  test('is not called by half of a character', () => expect(clipTitle({ ...recording, title: `${'x'.repeat(192)}🎻 and more` })).toBe(text.clipName('x'.repeat(192))));
  test('is cut where the picture is: so long after the begin, to the tenth of a second', () => {
    expect(momentText(recording, new Date('2030-01-01T12:00:00Z'))).toBe('0:00');
    expect(momentText(recording, new Date('2030-01-01T12:09:05.440Z'))).toBe('9:05.4');
    expect(momentText(recording, new Date('2030-01-01T13:00:00.990Z'))).toBe('1:00:01');
    expect(momentText(recording, new Date('2030-01-01T11:59:59.900Z'))).toBe('0:00');
  });
  test('says what it wrote when the picture was taken, in the words of the field', () => {
    const field = { value: '' };
    for (const write of [momentText, instantText]) {
      const written = write(recording, new Date('2030-01-01T12:09:05.440Z'));
      expect(takeMoment(field, 'Begin', written)).toBe(text.momentTaken('Begin', written));
      expect(field.value).toBe(written);
    }
    expect(text.momentTaken('Begin', '9:05.4')).toContain('9:05.4');
  });
});

describe('trimming', () => {
  test('takes an instant from the picture, as a recording may have been trimmed before', () => expect(instantText(recording, new Date('2030-01-01T12:00:30.500Z'))).toBe('2030-01-01T12:00:30.500Z'));
  test('says in its form what the recording is trimmed to', () => {
    const end = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    const words = trimWords({ ...recording, startsAt: '2030-01-01T12:00:01Z' });
    expect(words).toContain(new Date('2030-01-01T13:02:05Z').toLocaleTimeString(undefined, end));
    expect(words).toMatch(/1:02:05\.$/);
    expect(renderToStaticMarkup(<ChangeFields recording={recording} mistakes={{}} />)).toContain(trimWords(recording));
    expect(trimWords({ ...recording, endsAt: null })).toBe('');
    expect(trimWords({ ...recording, endsAt: '2030-01-04T12:00:00Z' }).match(/2030/g)).toHaveLength(2);
  });
  test.each([[true, 'auto'], [false, 'smooth']])('brings its picture into sight, still where that is wanted: %s', (matches, behavior) => {
    vi.stubGlobal('window', { matchMedia: () => ({ matches }) });
    const scrollIntoView = vi.fn();
    bringIntoSight({ scrollIntoView } as unknown as Element);
    vi.unstubAllGlobals();
    expect(scrollIntoView).toHaveBeenCalledWith({ behavior, block: 'nearest' });
  });
  test('has a button for each end beside the picture', () => {
    const html = renderToStaticMarkup(<MomentPicker api={new Api(null, adminText)} recording={recording} channel={undefined} start={text.trimStart} end={text.trimEnd} written={instantText} isOpen />);
    for (const words of ['<video', text.takeMoment(text.trimStart), text.takeMoment(text.trimEnd)]) expect(html).toContain(words);
  });
});

describe('a recording', () => {
  const draw = (one: Recording, mayManage = true, mayDelete = true) => renderToStaticMarkup(<RecordingRow recording={one} mayManage={mayManage} mayDelete={mayDelete} onAct={() => undefined} />);

  test('is shown with its picture, and can be played and downloaded', () => {
    const html = draw(recording);
    for (const words of ['First night', 'main', '1:02:05', 'src="http://h/vod/01R/poster.jpg"', text.downloadLabel('First night'), text.clip, text.delete]) expect(html).toContain(words);
  });
  test('cannot be downloaded while it goes on', () => {
    const html = draw({ ...recording, state: 'recording', durationSeconds: null });
    expect(html).toContain(text.recordingNow);
    expect(html).not.toContain(text.download);
  });
  test('that is private is not played', () => {
    const html = draw({ ...recording, visibility: 'private' });
    expect(html).toContain(text.visibilities.private);
    expect(html).not.toContain('/vod/');
  });
  test('is hidden, and shown again, by a producer', () => {
    const may = (one: Recording) => renderToStaticMarkup(<RecordingRow recording={one} mayManage mayDelete={false} onAct={() => undefined} onShow={() => undefined} />);
    expect(may(recording)).toContain(text.hideLabel('First night'));
    expect(may({ ...recording, visibility: 'private' })).toContain(text.showLabel('First night'));
  });
  test('is changed by a producer, and deleted by an admin', () => {
    expect(draw(recording, true, false)).not.toContain(`>${text.delete}<`);
    expect(draw(recording, false, false)).not.toContain(`>${text.change}<`);
  });
  test('is changed by what differs, and trimmed only where that was said', () => {
    const form = new FormData();
    for (const [name, value] of [['title', 'Last night'], ['visibility', 'public'], ['retention', 'channel'], ['start', ''], ['end', ' -20 ']] as const) form.set(name, value);
    expect(recordingChange(recording, form)).toEqual({ title: 'Last night', end: '-20' });
  });
  test('is for others from now on, once it is over', () => {
    const fields = (one: Recording) => renderToStaticMarkup(<ChangeFields recording={one} mistakes={{}} />);
    expect(fields(recording)).toContain('<option value="channel" selected="">');
    expect(fields({ ...recording, access: 'token' })).toContain('name="access" aria-describedby="field-access-below" aria-invalid="false"><option value="public"');
    expect(fields(recording)).toContain(text.accessHintOfChannel);
    expect(fields({ ...recording, access: 'token' })).toContain(text.accessHint);
    expect(fields({ ...recording, state: 'recording' })).not.toContain('name="access"');
    const form = new FormData();
    for (const [name, value] of [['title', 'First night'], ['visibility', 'public'], ['retention', 'channel'], ['access', 'token']] as const) form.set(name, value);
    expect(recordingChange(recording, form)).toEqual({ access: 'token' });
    expect(recordingFacts({ ...recording, access: 'token' })).toContain(text.accesses.token);
  });
  test('keeps a length that was given elsewhere', () => {
    const html = renderToStaticMarkup(<ChangeFields recording={{ ...recording, retention: '12h' }} mistakes={{ start: 'No time.' }} />);
    expect(html).toContain('<option value="12h" selected="">');
    expect(html).toMatch(/id="field-start"[^>]* aria-invalid="true"/);
  });
  test('says until when it is kept', () => expect(recordingFacts({ ...recording, expiresAt: '2030-02-01T00:00:00Z' }).at(-1)).toMatch(/^kept until /));
});

describe('what recordings take', () => {
  test('is told of each that has something of its own', () => {
    expect(recordingFacts(recording, 1_500_000_000)).toContain('1.5 GB');
    expect(recordingFacts({ ...recording, kind: 'clip' }, 1_500_000_000)).not.toContain('1.5 GB');
  });
  test('is told together, and that it is not all yet', () => {
    const usage = { sessions: 3, counted: 3, objects: 10, bytes: 2_700_000_000, countedAll: true };
    expect(usageWords(usage)).toBe('2.7 GB in 3 broadcasts');
    expect(usageWords({ ...usage, counted: 1, countedAll: false })).toContain('1 of 3');
    expect(usageWords({ ...usage, sessions: 0 })).toBe('');
  });
});

describe('a search', () => {
  test('asks for a text, and for a day from its midnight to the next', async () => {
    const paths: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      paths.push(path);
      return Promise.resolve({ ok: true, status: 200, text: () => Promise.resolve('[]') });
    });
    await listRecordings(new Api(null, adminText), { channel: '', kind: '', q: '50% off', day: '2030-01-31' }, undefined, true);
    await listRecordings(new Api(null, adminText), { channel: 'main', kind: 'clip', q: '', day: 'soon' }, '01R');
    vi.unstubAllGlobals();
    const utc = (day: number) => encodeURIComponent(`${new Date(2030, 0, day).toISOString().slice(0, 19)}Z`);
    expect(paths).toEqual([`/api/v1/recordings?limit=50&q=50%25+off&from=${utc(31)}&to=${utc(32)}&sizes=true`, '/api/v1/recordings?limit=50&channel=main&kind=clip&before=01R']);
  });
});

describe('a recording of a channel that takes a link', () => {
  const channel = { name: 'main', title: '', ladder: 'auto', latency: 'standard', rewind: 'off', live: null };
  test('is known by its channel', () => {
    expect(needsLink(recording, { ...channel, access: 'token' })).toBe(true);
    expect(needsLink(recording, { ...channel, access: 'public' })).toBe(false);
    expect(needsLink(recording, { ...channel, access: 'webhook' })).toBe(false);
    expect(needsLink(recording, undefined)).toBe(false);
  });
  test('is known by itself, where it says so', () => {
    expect(needsLink({ ...recording, access: 'token' }, { ...channel, access: 'public' })).toBe(true);
    expect(needsLink({ ...recording, access: 'token' }, undefined)).toBe(true);
    expect(needsLink({ ...recording, access: 'public' }, { ...channel, access: 'token' })).toBe(false);
  });
  test('has the token before the rest of its address, whatever is before that', () => {
    expect(withToken('https://cdn.example.org/x/vod/01R/index.m3u8', 'a b')).toBe('https://cdn.example.org/x/t/a%20b/vod/01R/index.m3u8');
  });
  test('says of which of the two that is', () => {
    expect(linkWords(recording)).toBe(text.withLinkOfChannel);
    expect(linkWords({ ...recording, access: 'token' })).toBe(text.withLink);
  });
  test('is neither played nor downloaded by who may not make a link, and says so', () => {
    const draw = (mayManage: boolean) => renderToStaticMarkup(<RecordingRow recording={recording} needsLink mayManage={mayManage} mayDelete={false} onAct={() => undefined} />);
    expect(draw(false)).toContain(text.linkOnly);
    for (const words of [text.playLabel('First night'), text.downloadLabel('First night')]) {
      expect(draw(false)).not.toContain(words);
      expect(draw(true)).toContain(words);
    }
    expect(draw(true)).not.toContain(text.linkOnly);
  });
  test('has no address that opens nothing beside its player', () => {
    const draw = (access: string) => renderToStaticMarkup(<RecordingPlayer api={new Api(null, adminText)} recording={{ ...recording, access }} channel={undefined} onClose={() => undefined} />);
    expect(draw('token')).not.toContain(text.address);
    expect(draw('public')).toContain(text.address);
  });
  test('shows no picture that it has not', () =>
    expect(renderToStaticMarkup(<RecordingRow recording={recording} needsLink mayManage={false} mayDelete={false} onAct={() => undefined} />)).not.toContain('<img'));
});

describe('a download', () => {
  const answer = (parts: Uint8Array[], headers: Record<string, string>, status = 200) =>
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start(controller) {
              for (const part of parts) controller.enqueue(part);
              controller.close();
            },
          }),
          { status, headers },
        ),
      ),
    );
  const { signal } = new AbortController();
  test('knows how large it is before its first byte', async () => {
    answer([new Uint8Array(1)], { 'Content-Range': 'bytes 0-0/4096' }, 206);
    expect(await sizeOf('/x', signal)).toBe(4096);
  });
  test('tells how far it is', async () => {
    answer([new Uint8Array(3), new Uint8Array(5)], { 'Content-Length': '8' });
    const told: number[] = [];
    const blob = await readFile('/x', signal, ({ done, total }) => told.push(done / total));
    expect(blob.size).toBe(8);
    expect(told).toEqual([3 / 8, 1]);
  });
  test('says what the server says against it', async () => {
    answer([new TextEncoder().encode('Too long: make a clip.')], {}, 422);
    await expect(sizeOf('/x', signal)).rejects.toThrow('Too long: make a clip.');
    vi.unstubAllGlobals();
  });
});

describe('deleting', () => {
  const deletion: Deletion = {
    dryRun: true,
    recordings: ['01R'],
    channel: 'main',
    session: '01R',
    sessionStartedAt: '',
    sessionEndedAt: null,
    mediaGoes: true,
    mediaKeptBy: [],
    objects: 3,
    bytes: 2_700_000_000,
    countedAll: true,
  };
  test('says what goes, and what keeps it', () => {
    expect(deletionWords(deletion)).toBe(text.mediaGo('2.7 GB'));
    expect(deletionWords({ ...deletion, bytes: null })).toBe(text.mediaGoUncounted);
    expect(deletionWords({ ...deletion, mediaGoes: false, mediaKeptBy: ['01C'] })).toBe(text.mediaStay(1));
    expect(deletionWords({ ...deletion, mediaGoes: false })).toBe(text.mediaStayOn);
  });
});

test.each([[5, '0:05'], [65.4, '1:05'], [3600, '1:00:00']])('%d seconds are %s', (seconds, words) => expect(lengthText(seconds)).toBe(words));
test.each([[0, '0 B'], [999, '999 B'], [1500, '1.5 KB'], [2_700_000_000, '2.7 GB']])('%d bytes are %s', (bytes, words) => expect(sizeText(bytes)).toBe(words));
test('recordings have an address', () => expect(placeOf(addressOf('recordings'))).toEqual({ page: 'recordings', part: '' }));
