import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isSetupCode, mayDo, rtmpServer } from '../src/admin/access';
import { Api, type Channel, problemOf, type Source } from '../src/admin/api';
import { LadderField } from '../src/admin/LadderField';
import { SourceLine } from '../src/admin/SourceHealth';
import { AccessForm, IssuedLink, LinkFields, tokenFacts } from '../src/admin/Viewers';
import { copyTeller, copyWords, type Told } from '../src/admin/copying';
import { adminText } from '../src/text';

describe('what is entered', () => {
  test.each(['a1b2c-d3e4f-g5h6j-k7m8n', ' A1B2C D3E4F G5H6J K7M8N ', 'a1b2cd3e4fg5h6jk7m8n'])('%j is a set-up code', (entered) => {
    expect(isSetupCode(entered)).toBe(true);
  });
  test.each(['', 'abcdefgh_0123456789abcdef0123456789', 'a1b2c-d3e4f', 'bt_a1b2cd3e4fg5h6jk7m'])('%j is not', (entered) => {
    expect(isSetupCode(entered)).toBe(false);
  });
});

describe('roles', () => {
  test('an admin may do what a producer may', () => expect(mayDo('admin', 'producer')).toBe(true));
  test('a producer may not do what an admin may', () => expect(mayDo('producer', 'admin')).toBe(false));
  test('a role that is not known may do nothing', () => expect(mayDo('owner', 'producer')).toBe(false));
});

describe('the encoder address', () => {
  test('is what the server says', () => expect(rtmpServer('rtmp://ingest.example:1940/live', 'watch.example')).toBe('rtmp://ingest.example:1940/live'));
  test('is the host of the page otherwise', () => expect(rtmpServer(undefined, 'watch.example')).toBe('rtmp://watch.example:1935/live'));
});

describe('a button that copies', () => {
  afterEach(() => vi.useRealTimers());
  test('says that it did, or that it did not, and two seconds later neither', () => {
    vi.useFakeTimers();
    const told: Told[] = [];
    const teller = copyTeller((one) => told.push(one));
    teller.done(true);
    vi.advanceTimersByTime(1999);
    expect(told).toEqual(['copied']);
    teller.done(false);
    vi.advanceTimersByTime(1999);
    expect(told).toEqual(['copied', 'failed']);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['copied', 'failed', null]);
    teller.done(true);
    teller.stop();
    vi.advanceTimersByTime(5000);
    expect(told.at(-1)).toBe('copied');
  });
  test('has words for each', () => {
    expect((['copied', 'failed', null] as const).map((told) => copyWords(told, 'Copy it'))).toEqual([adminText.copied, adminText.notCopied, 'Copy it']);
  });
});

describe('problems', () => {
  test('are told in the words of the server, by member', () => {
    const problem = problemOf(400, { title: 'Bad Request', detail: 'The request has mistakes.', errors: { name: ['Too long.', 'Bad letters.'] } }, 'failed');
    expect(problem).toMatchObject({ status: 400, message: 'The request has mistakes.', mistakes: { name: 'Too long. Bad letters.' } });
  });
  test.each([undefined, null, 'oops', {}])('%j has words too', (body) => expect(problemOf(500, body, 'failed').message).toBe('failed'));
});

describe('the ladder of a new channel', () => {
  const ladders = ['auto', 'passthrough', '720p', '1080p', '4k'];
  const draw = (initial?: string, mistake?: string) => renderToStaticMarkup(<LadderField ladders={ladders} initial={initial} mistake={mistake} />);

  test('is one of the server’s, or rungs', () => {
    const html = draw();
    for (const name of [...ladders, 'own']) expect(html).toContain(`<option value="${name}"`);
    expect(html).toContain('<option value="passthrough" selected="">');
    expect(html).toMatch(/<select id="field-ladder" name="ladder"/);
    expect(html).not.toContain('<input');
  });
  test('has a line for rungs where those are chosen, which is what is sent', () => {
    const html = draw('own');
    expect(html).toMatch(/<select id="field-ladder-choice" name="ladder-choice"/);
    expect(html).toMatch(/<input id="field-ladder" aria-describedby="field-ladder-below" aria-invalid="false" required=""[^>]* name="ladder"/);
    expect(html).toContain(adminText.newChannel.rungsHint);
  });
  test.each([undefined, 'own'])('shows what the server has against it beside what was sent (%s)', (initial) => {
    const html = draw(initial, 'Rung 2 is odd.');
    expect(html.match(/Rung 2 is odd\./g)).toHaveLength(1);
    expect(html).toMatch(/id="field-ladder"[^>]* aria-describedby="field-ladder-below" aria-invalid="true"/);
    expect(html).toContain('<p id="field-ladder-below" class="field-mistake" role="alert">');
  });
});

describe('who may watch', () => {
  const api = new Api(null, adminText);
  const channel: Channel = { name: 'main', title: '', ladder: 'passthrough', latency: 'standard', rewind: 'off', access: 'token', live: null };

  test('is a choice with a label and a hint, set to what it is', () => {
    const html = renderToStaticMarkup(<AccessForm api={api} channel={channel} accesses={['public', 'token']} onChanged={() => undefined} />);
    expect(html).toMatch(/<label for="field-access-main">/);
    expect(html).toMatch(/<select id="field-access-main"[^>]* aria-describedby="field-access-main-below"/);
    expect(html).toContain('<option value="token" selected="">');
    expect(html).toContain(adminText.viewers.accessHints.token);
    expect(html).not.toContain('value="webhook"');
  });
  test('a wish for a link shows beside each field what the server has against it', () => {
    const html = renderToStaticMarkup(<LinkFields mistakes={{ address: 'No address.', expiresAt: 'Too long.' }} />);
    for (const name of ['label', 'lasts', 'address']) expect(html).toContain(`<label for="field-${name}">`);
    expect(html).toMatch(/id="field-address"[^>]* aria-invalid="true"/);
    expect(html).toMatch(/id="field-lasts"[^>]* aria-invalid="true"/);
    expect(html).toContain('<option value="86400" selected="">');
  });
  test('a new link shows all its addresses, once', () => {
    const html = renderToStaticMarkup(<IssuedLink addresses={{ watch: 'http://h/watch/main?token=x', embed: 'http://h/e', hls: 'http://h/h', dash: 'http://h/d' }} onDone={() => undefined} />);
    for (const words of ['http://h/watch/main?token=x', 'http://h/e', 'http://h/h', 'http://h/d', adminText.viewers.once]) expect(html).toContain(words);
  });
  test('a link tells how long it opens, or that it is over, and from where', () => {
    const token = { id: 'a', label: '', address: '203.0.113.5', createdAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-02T00:00:00Z', revokedAt: null };
    expect(tokenFacts(token, Date.parse('2026-01-01T12:00:00Z')).join()).toMatch(/^opens until .*,only from 203\.0\.113\.5$/);
    expect(tokenFacts({ ...token, address: '' }, Date.parse('2026-01-02T00:00:00Z')).join()).toMatch(/^expired /);
  });
  test.each([adminText.channelPage.preview.tokenLabel, adminText.recordings.linkLabel])('a link that the dashboard made for itself says so: %s', (label) => {
    const token = { id: 'a', label, address: '', createdAt: '2026-01-01T00:00:00Z', expiresAt: null, revokedAt: null };
    expect(tokenFacts(token, 0)).toEqual([adminText.viewers.ownLink]);
    expect(tokenFacts({ ...token, label: 'Jane' }, 0)).toEqual([]);
  });
});

describe('a source', () => {
  const source: Source = {
    publication: 'p',
    encoder: 'OBS 29',
    bitsPerSecond: 4_512_000,
    video: { codec: 'avc1', width: 1920, height: 1080, framesPerSecond: 29.97, keyframeIntervalSeconds: 2 },
    audio: { codec: 'mp4a', sampleRate: 48000, channels: 2 },
    findings: [],
  };
  test('that is good is said to be, with its figures', () => {
    const html = renderToStaticMarkup(<SourceLine source={source} />);
    for (const words of [adminText.source.good, '4.5 Mbit/s', '1920×1080 at 30 pictures a second', 'a keyframe every 2.0 s', 'sound mp4a, 48.0 kHz', 'OBS 29']) expect(html).toContain(words);
  });
  test('that is not comes with what to do about it', () => {
    const findings = [{ code: 'keyframes', severity: 'warning', advice: 'Set the keyframe interval to 2 s.', since: '' }, { code: 'b', severity: 'information', advice: 'By the way.', since: '' }];
    const html = renderToStaticMarkup(<SourceLine source={{ ...source, audio: null, findings }} />);
    for (const words of [adminText.source.problems(1), 'data-severity="warning"', 'Set the keyframe interval to 2 s.', 'By the way.', adminText.source.noSound]) expect(html).toContain(words);
  });
});
