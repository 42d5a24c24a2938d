import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { Api } from '../src/admin/api';
import { routePath, parseRoute } from '../src/admin/navigation';
import { fetchFile, fetchSize } from '../src/admin/recordings/download';
import { type Deletion, listRecordings, type Recording } from '../src/admin/recordings/recordingApi';
import { ChangeFields } from '../src/admin/recordings/RecordingDialogs';
import { PositionPicker, scrollToElement, writePosition } from '../src/admin/recordings/PositionPicker';
import { RecordingPlayer } from '../src/admin/recordings/RecordingPlayer';
import { RecordingRow } from '../src/admin/recordings/RecordingRow';
import {
  clipTitle,
  deletionText,
  instantText,
  lengthText,
  linkText,
  offsetText,
  recordingChangeOf,
  recordingFacts,
  sizeText,
  trimText,
  usageText,
} from '../src/admin/recordings/recordingText';
import { requiresToken, withToken } from '../src/admin/recordings/watchUrl';
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
  urls: {
    hls: 'http://h/vod/01R/index.m3u8',
    dash: '',
    download: 'http://h/vod/01R/download.mp4',
    poster: 'http://h/vod/01R/poster.jpg',
    thumbnails: '',
  },
};

describe('a clip', () => {
  test('has a default title derived from its recording', () => {
    expect(clipTitle(recording)).toBe('First night (clip)');
    expect(clipTitle({ ...recording, title: '' })).toBe('');
  });
  test.each([193, 194, 200])('has a title of limited length, for a title of %d characters', (length) => {
    const title = clipTitle({ ...recording, title: 'x'.repeat(length) });
    expect(title).toBe(text.clipName('x'.repeat(193)));
    expect(title).toHaveLength(200);
  });
  test('does not split a surrogate pair in its title', () =>
    expect(clipTitle({ ...recording, title: `${'x'.repeat(192)}🎻 and more` })).toBe(text.clipName('x'.repeat(192))));
  test('starts at the player’s position, to a tenth of a second', () => {
    expect(offsetText(recording, new Date('2030-01-01T12:00:00Z'))).toBe('0:00');
    expect(offsetText(recording, new Date('2030-01-01T12:09:05.440Z'))).toBe('9:05.4');
    expect(offsetText(recording, new Date('2030-01-01T13:00:00.990Z'))).toBe('1:00:01');
    expect(offsetText(recording, new Date('2030-01-01T11:59:59.900Z'))).toBe('0:00');
  });
  test('reports the position that was written to the field', () => {
    const field = { value: '' };
    for (const write of [offsetText, instantText]) {
      const written = write(recording, new Date('2030-01-01T12:09:05.440Z'));
      expect(writePosition(field, 'Start', written)).toBe(text.positionUsed('Start', written));
      expect(field.value).toBe(written);
    }
    expect(text.positionUsed('Start', '9:05.4')).toContain('9:05.4');
  });
});

describe('trimming', () => {
  test('uses instants, because the recording may be trimmed already', () =>
    expect(instantText(recording, new Date('2030-01-01T12:00:30.500Z'))).toBe('2030-01-01T12:00:30.500Z'));
  test('shows the current range', () => {
    const end = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    const label = trimText({ ...recording, startsAt: '2030-01-01T12:00:01Z' });
    expect(label).toContain(new Date('2030-01-01T13:02:05Z').toLocaleTimeString(undefined, end));
    expect(label).toMatch(/1:02:05\.$/);
    expect(renderToStaticMarkup(<ChangeFields recording={recording} fieldErrors={{}} />)).toContain(trimText(recording));
    expect(trimText({ ...recording, endsAt: null })).toBe('');
    expect(trimText({ ...recording, endsAt: '2030-01-04T12:00:00Z' }).match(/2030/g)).toHaveLength(2);
  });
  test.each([
    [true, 'auto'],
    [false, 'smooth'],
  ])('scrolls to the player, with reduced motion if preferred: %s', (matches, behavior) => {
    vi.stubGlobal('window', { matchMedia: () => ({ matches }) });
    const scrollIntoView = vi.fn();
    scrollToElement({ scrollIntoView } as unknown as Element);
    vi.unstubAllGlobals();
    expect(scrollIntoView).toHaveBeenCalledWith({ behavior, block: 'nearest' });
  });
  test('has a button for each end', () => {
    const html = renderToStaticMarkup(
      <PositionPicker
        api={new Api(null, adminText)}
        recording={recording}
        channel={undefined}
        start={text.trimStart}
        end={text.trimEnd}
        format={instantText}
        isOpen
      />,
    );
    for (const label of ['<video', text.usePosition(text.trimStart), text.usePosition(text.trimEnd)]) expect(html).toContain(label);
  });
});

describe('a recording', () => {
  const render = (one: Recording, mayManage = true, mayDelete = true) =>
    renderToStaticMarkup(<RecordingRow recording={one} canManage={mayManage} canDelete={mayDelete} onAction={() => undefined} />);

  test('has a poster, and can be played and downloaded', () => {
    const html = render(recording);
    for (const label of [
      'First night',
      'main',
      '1:02:05',
      'src="http://h/vod/01R/poster.jpg"',
      text.downloadLabel('First night'),
      text.clip,
      text.delete,
    ])
      expect(html).toContain(label);
  });
  test('cannot be downloaded while in progress', () => {
    const html = render({ ...recording, state: 'recording', durationSeconds: null });
    expect(html).toContain(text.inProgress);
    expect(html).not.toContain(text.download);
  });
  test('that is private cannot be played', () => {
    const html = render({ ...recording, visibility: 'private' });
    expect(html).toContain(text.visibilities.private);
    expect(html).not.toContain('/vod/');
  });
  test('can be hidden and shown by a producer', () => {
    const renderForProducer = (one: Recording) =>
      renderToStaticMarkup(
        <RecordingRow recording={one} canManage canDelete={false} onAction={() => undefined} onVisibilityChange={() => undefined} />,
      );
    expect(renderForProducer(recording)).toContain(text.hideLabel('First night'));
    expect(renderForProducer({ ...recording, visibility: 'private' })).toContain(text.showLabel('First night'));
  });
  test('can be changed by a producer and deleted by an admin', () => {
    expect(render(recording, true, false)).not.toContain(`>${text.delete}<`);
    expect(render(recording, false, false)).not.toContain(`>${text.change}<`);
  });
  test('sends only changes', () => {
    const form = new FormData();
    for (const [name, value] of [
      ['title', 'Last night'],
      ['visibility', 'public'],
      ['retention', 'channel'],
      ['start', ''],
      ['end', ' -20 '],
    ] as const)
      form.set(name, value);
    expect(recordingChangeOf(recording, form)).toEqual({ title: 'Last night', end: '-20' });
  });
  test('can change its access policy after its end', () => {
    const fields = (one: Recording) => renderToStaticMarkup(<ChangeFields recording={one} fieldErrors={{}} />);
    expect(fields(recording)).toContain('<option value="channel" selected="">');
    expect(fields({ ...recording, access: 'token' })).toContain(
      'name="access" aria-describedby="field-access-below" aria-invalid="false"><option value="public"',
    );
    expect(fields(recording)).toContain(text.accessHintOfChannel);
    expect(fields({ ...recording, access: 'token' })).toContain(text.accessHint);
    expect(fields({ ...recording, state: 'recording' })).not.toContain('name="access"');
    const form = new FormData();
    for (const [name, value] of [
      ['title', 'First night'],
      ['visibility', 'public'],
      ['retention', 'channel'],
      ['access', 'token'],
    ] as const)
      form.set(name, value);
    expect(recordingChangeOf(recording, form)).toEqual({ access: 'token' });
    expect(recordingFacts({ ...recording, access: 'token' })).toContain(text.accesses.token);
  });
  test('keeps a custom retention', () => {
    const html = renderToStaticMarkup(<ChangeFields recording={{ ...recording, retention: '12h' }} fieldErrors={{ start: 'No time.' }} />);
    expect(html).toContain('<option value="12h" selected="">');
    expect(html).toMatch(/id="field-start"[^>]* aria-invalid="true"/);
  });
  test('shows when it expires', () =>
    expect(recordingFacts({ ...recording, expiresAt: '2030-02-01T00:00:00Z' }).at(-1)).toMatch(/^kept until /));
});

describe('storage usage', () => {
  test('is shown for recordings, but not for clips', () => {
    expect(recordingFacts(recording, 1_500_000_000)).toContain('1.5 GB');
    expect(recordingFacts({ ...recording, kind: 'clip' }, 1_500_000_000)).not.toContain('1.5 GB');
  });
  test('shows the total, and whether it is complete', () => {
    const usage = { sessions: 3, counted: 3, objects: 10, bytes: 2_700_000_000, isComplete: true };
    expect(usageText(usage)).toBe('2.7 GB in 3 broadcasts');
    expect(usageText({ ...usage, counted: 1, isComplete: false })).toContain('1 of 3');
    expect(usageText({ ...usage, sessions: 0 })).toBe('');
  });
});

describe('a search', () => {
  test('filters by text and by day', async () => {
    const paths: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      paths.push(path);
      return Promise.resolve({ ok: true, status: 200, text: () => Promise.resolve('[]') });
    });
    await listRecordings(new Api(null, adminText), { channel: '', kind: '', q: '50% off', day: '2030-01-31' }, undefined, true);
    await listRecordings(new Api(null, adminText), { channel: 'main', kind: 'clip', q: '', day: 'soon' }, '01R');
    vi.unstubAllGlobals();
    const utc = (day: number) => encodeURIComponent(`${new Date(2030, 0, day).toISOString().slice(0, 19)}Z`);
    expect(paths).toEqual([
      `/api/v1/recordings?limit=50&q=50%25+off&from=${utc(31)}&to=${utc(32)}&sizes=true`,
      '/api/v1/recordings?limit=50&channel=main&kind=clip&before=01R',
    ]);
  });
});

describe('a recording that requires a viewer link', () => {
  const channel = { name: 'main', title: '', ladder: 'auto', latency: 'standard', dvrWindow: 'off', live: null };
  test('inherits the channel’s policy', () => {
    expect(requiresToken(recording, { ...channel, access: 'token' })).toBe(true);
    expect(requiresToken(recording, { ...channel, access: 'public' })).toBe(false);
    expect(requiresToken(recording, { ...channel, access: 'webhook' })).toBe(false);
    expect(requiresToken(recording, undefined)).toBe(false);
  });
  test('may have its own policy', () => {
    expect(requiresToken({ ...recording, access: 'token' }, { ...channel, access: 'public' })).toBe(true);
    expect(requiresToken({ ...recording, access: 'token' }, undefined)).toBe(true);
    expect(requiresToken({ ...recording, access: 'public' }, { ...channel, access: 'token' })).toBe(false);
  });
  test('is played with the token in its URL', () => {
    expect(withToken('https://cdn.example.org/x/vod/01R/index.m3u8', 'a b')).toBe('https://cdn.example.org/x/t/a%20b/vod/01R/index.m3u8');
  });
  test('explains which policy applies', () => {
    expect(linkText(recording)).toBe(text.channelLinkHint);
    expect(linkText({ ...recording, access: 'token' })).toBe(text.recordingLinkHint);
  });
  test('cannot be played or downloaded without permission to create links', () => {
    const render = (mayManage: boolean) =>
      renderToStaticMarkup(
        <RecordingRow recording={recording} needsLink canManage={mayManage} canDelete={false} onAction={() => undefined} />,
      );
    expect(render(false)).toContain(text.linkRequired);
    for (const label of [text.playLabel('First night'), text.downloadLabel('First night')]) {
      expect(render(false)).not.toContain(label);
      expect(render(true)).toContain(label);
    }
    expect(render(true)).not.toContain(text.linkRequired);
  });
  test('shows no URL that requires a link', () => {
    const render = (access: string) =>
      renderToStaticMarkup(
        <RecordingPlayer
          origin="https://live.example.org"
          api={new Api(null, adminText)}
          recording={{ ...recording, access }}
          channel={undefined}
          onClose={() => undefined}
        />,
      );
    expect(render('token')).not.toContain(text.hlsUrl);
    expect(render('public')).toContain(text.hlsUrl);
  });
  test('shows no poster', () =>
    expect(
      renderToStaticMarkup(<RecordingRow recording={recording} needsLink canManage={false} canDelete={false} onAction={() => undefined} />),
    ).not.toContain('<img'));
});

describe('a download', () => {
  const stubResponse = (parts: Uint8Array[], headers: Record<string, string>, status = 200) =>
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
  test('reports its size first', async () => {
    stubResponse([new Uint8Array(1)], { 'Content-Range': 'bytes 0-0/4096' }, 206);
    expect(await fetchSize('/x', signal)).toBe(4096);
  });
  test('reports progress', async () => {
    stubResponse([new Uint8Array(3), new Uint8Array(5)], { 'Content-Length': '8' });
    const progress: number[] = [];
    const blob = await fetchFile('/x', signal, ({ done, total }) => progress.push(done / total));
    expect(blob.size).toBe(8);
    expect(progress).toEqual([3 / 8, 1]);
  });
  test('reports the server’s error', async () => {
    stubResponse([new TextEncoder().encode('Too long: make a clip.')], {}, 422);
    await expect(fetchSize('/x', signal)).rejects.toThrow('Too long: make a clip.');
    vi.unstubAllGlobals();
  });
});

describe('deletion', () => {
  const deletion: Deletion = {
    dryRun: true,
    recordings: ['01R'],
    channel: 'main',
    session: '01R',
    sessionStartedAt: '',
    sessionEndedAt: null,
    deletesMedia: true,
    mediaRetainedBy: [],
    objects: 3,
    bytes: 2_700_000_000,
    isComplete: true,
  };
  test('shows its consequences', () => {
    expect(deletionText(deletion)).toBe(text.mediaDeleted('2.7 GB'));
    expect(deletionText({ ...deletion, bytes: null })).toBe(text.mediaDeletedUnknownSize);
    expect(deletionText({ ...deletion, deletesMedia: false, mediaRetainedBy: ['01C'] })).toBe(text.mediaRetained(1));
    expect(deletionText({ ...deletion, deletesMedia: false })).toBe(text.mediaRetainedWhileLive);
  });
});

test.each([
  [5, '0:05'],
  [65.4, '1:05'],
  [3600, '1:00:00'],
])('%d seconds is %s', (seconds, label) => expect(lengthText(seconds)).toBe(label));
test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 KB'],
  [2_700_000_000, '2.7 GB'],
])('%d bytes is %s', (bytes, label) => expect(sizeText(bytes)).toBe(label));
test('recordings have a path', () => expect(parseRoute(routePath('recordings'))).toEqual({ page: 'recordings', part: '' }));
