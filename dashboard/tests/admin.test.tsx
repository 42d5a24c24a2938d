import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isSetupCode, hasRole, rtmpServer } from '../src/admin/access';
import { Api, type Channel, parseProblem, type Source } from '../src/admin/api';
import { LadderField } from '../src/admin/LadderField';
import { SourceLine } from '../src/admin/SourceHealth';
import { AccessForm, IssuedViewerToken, ViewerTokenFields, tokenFacts } from '../src/admin/ViewerAccess';
import { createCopyFeedback, copyLabel, type CopyResult } from '../src/admin/copyFeedback';
import { adminText } from '../src/text';

describe('set-up codes', () => {
  test.each(['a1b2c-d3e4f-g5h6j-k7m8n', ' A1B2C D3E4F G5H6J K7M8N ', 'a1b2cd3e4fg5h6jk7m8n'])('%j is a set-up code', (entered) => {
    expect(isSetupCode(entered)).toBe(true);
  });
  test.each(['', 'abcdefgh_0123456789abcdef0123456789', 'a1b2c-d3e4f', 'bt_a1b2cd3e4fg5h6jk7m'])('%j is not', (entered) => {
    expect(isSetupCode(entered)).toBe(false);
  });
});

describe('roles', () => {
  test('an admin has the permissions of a producer', () => expect(hasRole('admin', 'producer')).toBe(true));
  test('a producer lacks the permissions of an admin', () => expect(hasRole('producer', 'admin')).toBe(false));
  test('an unknown role has no permissions', () => expect(hasRole('owner', 'producer')).toBe(false));
});

describe('the RTMP URL', () => {
  test('is the configured one', () =>
    expect(rtmpServer('rtmp://ingest.example:1940/live', 'watch.example')).toBe('rtmp://ingest.example:1940/live'));
  test('defaults to the host of the page', () => expect(rtmpServer(undefined, 'watch.example')).toBe('rtmp://watch.example:1935/live'));
});

describe('a copy button', () => {
  afterEach(() => vi.useRealTimers());
  test('shows success or failure for two seconds', () => {
    vi.useFakeTimers();
    const results: CopyResult[] = [];
    const feedback = createCopyFeedback((one) => results.push(one));
    feedback.report(true);
    vi.advanceTimersByTime(1999);
    expect(results).toEqual(['copied']);
    feedback.report(false);
    vi.advanceTimersByTime(1999);
    expect(results).toEqual(['copied', 'failed']);
    vi.advanceTimersByTime(1);
    expect(results).toEqual(['copied', 'failed', null]);
    feedback.report(true);
    feedback.stop();
    vi.advanceTimersByTime(5000);
    expect(results.at(-1)).toBe('copied');
  });
  test('has a label for each result', () => {
    expect((['copied', 'failed', null] as const).map((results) => copyLabel(results, 'Copy it'))).toEqual([
      adminText.copied,
      adminText.notCopied,
      'Copy it',
    ]);
  });
});

describe('API errors', () => {
  test('contain the server’s message and errors by member', () => {
    const problem = parseProblem(
      400,
      { title: 'Bad Request', detail: 'The request is invalid.', errors: { name: ['Too long.', 'Bad letters.'] } },
      'failed',
    );
    expect(problem).toMatchObject({ status: 400, message: 'The request is invalid.', fieldErrors: { name: 'Too long. Bad letters.' } });
  });
  test.each([undefined, null, 'oops', {}])('%j falls back to a default message', (body) =>
    expect(parseProblem(500, body, 'failed').message).toBe('failed'),
  );
});

describe('the ladder field', () => {
  const ladders = ['auto', 'passthrough', '720p', '1080p', '4k'];
  const render = (initial?: string, error?: string) =>
    renderToStaticMarkup(<LadderField ladders={ladders} initial={initial} error={error} />);

  test('offers the server’s ladders and custom rungs', () => {
    const html = render();
    for (const name of [...ladders, 'custom']) expect(html).toContain(`<option value="${name}"`);
    expect(html).toContain('<option value="auto" selected="">');
    expect(html).toMatch(/<select id="field-ladder" name="ladder"/);
    expect(html).not.toContain('<input');
  });
  test('submits custom rungs from an input', () => {
    const html = render('custom');
    expect(html).toMatch(/<select id="field-ladder-choice" name="ladder-choice"/);
    expect(html).toMatch(
      /<input id="field-ladder" aria-describedby="field-ladder-below" aria-invalid="false" required=""[^>]* name="ladder"/,
    );
    expect(html).toContain(adminText.newChannel.rungsHint);
  });
  test.each([undefined, 'custom'])('shows the server’s error next to the submitted field (%s)', (initial) => {
    const html = render(initial, 'Rung 2 is odd.');
    expect(html.match(/Rung 2 is odd\./g)).toHaveLength(1);
    expect(html).toMatch(/id="field-ladder"[^>]* aria-describedby="field-ladder-below" aria-invalid="true"/);
    expect(html).toContain('<p id="field-ladder-below" class="field-error" role="alert">');
  });
});

describe('viewer access', () => {
  const api = new Api(null, adminText);
  const channel: Channel = {
    name: 'main',
    title: '',
    ladder: 'passthrough',
    latency: 'standard',
    dvrWindow: 'off',
    access: 'token',
    live: null,
  };

  test('is a labeled select with a hint and the current value', () => {
    const html = renderToStaticMarkup(
      <AccessForm api={api} channel={channel} accesses={['public', 'token']} onChanged={() => undefined} />,
    );
    expect(html).toMatch(/<label for="field-access-main">/);
    expect(html).toMatch(/<select id="field-access-main"[^>]* aria-describedby="field-access-main-below"/);
    expect(html).toContain('<option value="token" selected="">');
    expect(html).toContain(adminText.viewers.accessHints.token);
    expect(html).not.toContain('value="webhook"');
  });
  test('shows the server’s errors next to the fields of a new link', () => {
    const html = renderToStaticMarkup(<ViewerTokenFields fieldErrors={{ network: 'No network.', expiresAt: 'Too long.' }} />);
    for (const name of ['label', 'lasts', 'network']) expect(html).toContain(`<label for="field-${name}">`);
    expect(html).toMatch(/id="field-network"[^>]* aria-invalid="true"/);
    expect(html).toMatch(/id="field-lasts"[^>]* aria-invalid="true"/);
    expect(html).toContain('<option value="86400" selected="">');
  });
  test('shows all URLs of a new link', () => {
    const html = renderToStaticMarkup(
      <IssuedViewerToken
        urls={{ watch: 'http://h/watch/main?token=x', embed: 'http://h/e', hls: 'http://h/h', dash: 'http://h/d' }}
        onDone={() => undefined}
      />,
    );
    for (const expectedText of ['http://h/watch/main?token=x', 'http://h/e', 'http://h/h', 'http://h/d', adminText.viewers.shownOnce])
      expect(html).toContain(expectedText);
  });
  test('shows expiration and network of a link', () => {
    const token = {
      id: 'a',
      label: '',
      network: '203.0.113.5',
      createdAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-02T00:00:00Z',
      revokedAt: null,
    };
    expect(tokenFacts(token, Date.parse('2026-01-01T12:00:00Z')).join()).toMatch(/^expires .*,only from 203\.0\.113\.5$/);
    expect(tokenFacts({ ...token, network: '' }, Date.parse('2026-01-02T00:00:00Z')).join()).toMatch(/^expired /);
  });
  test.each([adminText.channelPage.preview.tokenLabel, adminText.recordings.linkLabel])(
    'marks links of the dashboard itself: %s',
    (label) => {
      const token = { id: 'a', label, network: '', createdAt: '2026-01-01T00:00:00Z', expiresAt: null, revokedAt: null };
      expect(tokenFacts(token, 0)).toEqual([adminText.viewers.dashboardLink]);
      expect(tokenFacts({ ...token, label: 'Jane' }, 0)).toEqual([]);
    },
  );
});

describe('source health', () => {
  const source: Source = {
    publication: 'p',
    encoder: 'OBS 29',
    bitsPerSecond: 4_512_000,
    video: { codec: 'avc1', width: 1920, height: 1080, framesPerSecond: 29.97, keyframeIntervalSeconds: 2 },
    audio: { codec: 'mp4a', sampleRate: 48000, channels: 2 },
    issues: [],
  };
  test('shows the properties of a healthy source', () => {
    const html = renderToStaticMarkup(<SourceLine source={source} />);
    for (const expectedText of [
      adminText.source.healthy,
      '4.5 Mbit/s',
      '1920×1080 at 30 fps',
      'keyframe every 2.0 s',
      'audio mp4a, 48.0 kHz',
      'OBS 29',
    ])
      expect(html).toContain(expectedText);
  });
  test('shows advice for issues', () => {
    const issues = [
      { code: 'keyframes', severity: 'warning', advice: 'Set the keyframe interval to 2 s.', since: '' },
      { code: 'b', severity: 'information', advice: 'By the way.', since: '' },
    ];
    const html = renderToStaticMarkup(<SourceLine source={{ ...source, audio: null, issues }} />);
    for (const expectedText of [
      adminText.source.issues(1),
      'data-severity="warning"',
      'Set the keyframe interval to 2 s.',
      'By the way.',
      adminText.source.noAudio,
    ])
      expect(html).toContain(expectedText);
  });
});
