import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Channel } from '../src/admin/api';
import { activityKind, activityText } from '../src/admin/channel/activityText';
import {
  addTarget,
  changeTarget,
  deleteTarget,
  listTargetPresets,
  listTargets,
  testTarget,
  type Target,
  type TargetPreset,
} from '../src/admin/channel/targetApi';
import { limitsText, newTarget, NewTargetFields, renditionNames, targetChange, TargetFields } from '../src/admin/channel/TargetDialogs';
import { addressHost, targetFacts, TargetRow, testText } from '../src/admin/channel/TargetRow';
import { TargetsSection } from '../src/admin/channel/TargetsSection';
import type { PlannedEvent } from '../src/admin/schedule/eventApi';
import { canAddTarget, EventTargets, targetsOf } from '../src/admin/schedule/EventTargets';
import type { Polled } from '../src/admin/usePolled';
import { adminText } from '../src/text';

// Static rendering never loads: the tests set what has been loaded.
const loaded = vi.hoisted(() => ({ polled: { data: null, error: null, refresh: () => undefined } as Polled<unknown> }));
vi.mock('../src/admin/usePolled', () => ({ usePolled: () => loaded.polled }));

const api = new Api(null, adminText);
const text = adminText.targets;
const target: Target = {
  name: 'My YouTube',
  url: 'rtmps://a.rtmps.youtube.com/live2',
  rendition: 'source',
  mode: 'copy',
  eventId: null,
  enabled: true,
  state: 'live',
  reason: null,
  since: '2030-06-01T12:00:00Z',
  nextAttemptAt: null,
  bitsPerSecond: 6_120_000,
  delaySeconds: 0.4,
  droppedFrames: 0,
  connections: 1,
  createdAt: '2030-06-01T11:00:00Z',
};
const preset: TargetPreset = {
  id: 'twitch',
  name: 'Twitch',
  url: 'rtmps://ingest.example.net/app',
  keyHelp: 'Creator Dashboard',
  maxBitsPerSecond: 6_000_000,
  maxHeight: 1080,
  maxKeyframeSeconds: 2,
  codecs: ['h264'],
};
const channel: Channel = { name: 'main', title: '', ladder: '720p,480p@800k', latency: 'low', dvrWindow: 'off', live: null };

function row(change: Partial<Target>): string {
  return renderToStaticMarkup(
    <TargetRow api={api} channel="main" target={{ ...target, ...change }} onOpen={() => undefined} onChanged={() => undefined} />,
  );
}

function formOf(values: Record<string, string>): FormData {
  const form = new FormData();
  Object.entries(values).forEach(([name, value]) => form.set(name, value));
  return form;
}

afterEach(() => vi.unstubAllGlobals());

describe('a target', () => {
  test.each([
    ['off', 'offline'],
    ['connecting', 'waiting'],
    ['live', 'live'],
    ['retrying', 'reconnecting'],
    ['rejected', 'error'],
  ])('shows the state %s', (state, pill) => {
    const html = row({ state });
    expect(html).toContain(`data-pill="${pill}"`);
    expect(html).toContain(text.states[state]);
    expect(html).toContain('role="status"');
  });
  test('shows its bit rate while live, and what is wrong otherwise', () => {
    expect(targetFacts(target)).toEqual(['source', '6.1 Mbit/s', text.delay('0.4')]);
    expect(targetFacts({ ...target, delaySeconds: 2.5, droppedFrames: 30, connections: 3 }).slice(2)).toEqual([
      text.delay('2.5'),
      text.dropped(30),
      text.reconnected(2),
    ]);
    const rejected = { ...target, state: 'rejected', reason: 'Wrong key.', nextAttemptAt: '2030-06-01T12:01:00Z' };
    const facts = targetFacts(rejected, Date.parse('2030-06-01T12:00:47.500Z'));
    expect(row(rejected)).toContain('>Wrong key.</p>');
    expect(row({})).not.toContain('target-reason');
    expect(facts).toContain('next attempt in 13 s');
    for (const now of ['2030-06-01T12:01:00Z', '2030-06-01T11:00:00Z'])
      expect(targetFacts(rejected, Date.parse(now)).join(' ')).not.toContain('next attempt');
    expect(facts.join(' ')).not.toContain('Mbit');
    expect(targetFacts({ ...target, state: 'off', enabled: false, eventId: '01' })).toEqual(['source', text.ofEvent]);
    expect(targetFacts({ ...target, state: 'off', mode: 'steady' })).toEqual(['Steady']);
  });
  test('can be tested only while it is not connected', () => {
    const testButton = (html: string) => html.split('<button').find((button) => button.includes(`>${text.test}<`));
    expect(testButton(row({ state: 'live' }))).toContain('disabled');
    expect(testButton(row({ state: 'rejected' }))).not.toContain('disabled');
  });
  test('has a labeled switch, and controls that are grouped under its name', () => {
    const switchOf = (html: string) => html.match(/<label[^>]*><input[^>]*role="switch"[^>]*>[^<]*<\/label>/)?.[0];
    expect(switchOf(row({}))).toContain('checked=""');
    expect(switchOf(row({}))).toContain(text.enabled);
    expect(switchOf(row({ enabled: false, state: 'off' }))).not.toContain('checked');
    expect(row({})).toContain('role="group" aria-label="My YouTube"');
  });
  test('shows the host of its address', () => {
    expect(row({})).toContain('<code>a.rtmps.youtube.com</code>');
    expect(addressHost('rtmp://[2001:db8::1]:1936/live?x=1')).toBe('[2001:db8::1]:1936');
    expect(addressHost('unknown')).toBe('unknown');
  });
  test('has a test result', () => {
    expect(testText({ accepted: true, reason: null, seconds: 0.84 })).toBe(text.testOk('0.8'));
    expect(testText({ accepted: false, reason: 'Wrong key.', seconds: 1 })).toContain('Wrong key.');
  });
});

describe('the targets of a channel', () => {
  const section = (change: Partial<Polled<unknown>>) => {
    loaded.polled = { data: null, error: null, refresh: () => undefined, ...change };
    return renderToStaticMarkup(<TargetsSection api={api} channel={channel} revision={0} />);
  };
  test('are loading', () => expect(section({})).toContain(`<p role="status">${adminText.loading}</p>`));
  test('may be none', () => {
    expect(section({ data: [] })).toContain(text.empty);
    expect(section({ data: [] })).toContain(text.emptyHint);
  });
  test('stay visible after an error', () => {
    const html = section({ data: [target], error: new ApiError(503, 'Not available.') });
    expect(html).toMatch(/role="alert"[^>]*>Not available\./);
    expect(html).toContain('My YouTube');
  });
  test('have no inline styles', () => expect(section({ data: [target] })).not.toContain('style='));
});

describe('the targets of an event', () => {
  const event = { id: '01A', kind: 'single', channel: 'main', state: 'scheduled' } as PlannedEvent;
  test('are those with its id', () => {
    const own = { ...target, name: 'Own', eventId: '01A' };
    expect(targetsOf('01A', [target, own, { ...target, eventId: '01B' }])).toEqual([own]);
  });
  test('can be added until the event has ended', () => {
    const render = (state: PlannedEvent['state']) => {
      loaded.polled = { data: [], error: null, refresh: () => undefined };
      return renderToStaticMarkup(
        <EventTargets api={api} event={{ ...event, state }} onOpen={() => undefined} onExpired={() => undefined} />,
      );
    };
    expect(render('scheduled')).toContain(`>${text.add}<`);
    expect(render('scheduled')).toContain(text.eventEmpty);
    expect(render('ended')).not.toContain(`>${text.add}<`);
    expect((['preview', 'live', 'cancelled'] as const).map((state) => canAddTarget({ ...event, state }))).toEqual([true, true, false]);
  });
});

describe('the form of a target', () => {
  test('offers the platforms, with the first one filled in', () => {
    const presets = [preset, { ...preset, id: 'kick', name: 'Kick', url: '' }];
    const html = renderToStaticMarkup(
      <NewTargetFields presets={presets} renditions={['source']} fieldErrors={{ eventId: 'No such event.' }} />,
    );
    expect(html).toContain('>Kick</option>');
    expect(html).toContain(`value="${preset.url}"`);
    expect(html).toContain(limitsText(preset));
    expect(html).toMatch(/role="alert"[^>]*>No such event\./);
  });
  test('requires a stream key only for a new target, unless the address changes', () => {
    const keyOf = (html: string) => html.match(/<input[^>]*name="streamKey"[^>]*>/)?.[0];
    const edit = renderToStaticMarkup(<TargetFields target={target} renditions={['source']} fieldErrors={{}} />);
    expect(keyOf(edit)).not.toContain('required');
    expect(keyOf(edit)).not.toContain('value=');
    expect(edit).toContain(text.keyKept);
    const add = renderToStaticMarkup(<TargetFields preset={preset} renditions={['source']} fieldErrors={{}} />);
    expect(keyOf(add)).toContain('required');
  });
  test('is filled in from a platform and never with a stream key', () => {
    const html = renderToStaticMarkup(<TargetFields preset={preset} renditions={['source']} fieldErrors={{}} />);
    expect(html).toContain('value="Twitch"');
    expect(html).toContain(`value="${preset.url}"`);
    expect(html).toContain('type="password"');
    expect(html).toContain(preset.keyHelp);
  });
  test('shows errors next to their fields', () => {
    const html = renderToStaticMarkup(
      <TargetFields target={target} renditions={['source']} fieldErrors={{ url: 'Not an RTMP address.', streamKey: 'Required.' }} />,
    );
    expect(html.match(/role="alert"/g)).toHaveLength(2);
    expect(html).toContain('Not an RTMP address.');
  });
  test('shows the errors of the server by member', async () => {
    const problem = { title: 'Invalid.', errors: { url: ['Private address.'], rendition: ['Unknown.'] } };
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(problem), { status: 400 })));
    const error: unknown = await addTarget(api, 'main', {}).catch((failure: unknown) => failure);
    const fieldErrors = error instanceof ApiError ? error.fieldErrors : {};
    const html = renderToStaticMarkup(<TargetFields preset={preset} renditions={['source']} fieldErrors={fieldErrors} />);
    expect(html).toMatch(/id="field-url-below"[^>]*role="alert">Private address\./);
    expect(html).toMatch(/id="field-rendition-below"[^>]*role="alert">Unknown\./);
  });
  test('sends what has changed, and no empty stream key', () => {
    const unchanged = { name: target.name, url: target.url, streamKey: '', mode: 'copy', rendition: 'source' };
    expect(targetChange(target, formOf(unchanged))).toEqual({});
    expect(targetChange(target, formOf({ ...unchanged, name: 'Other', streamKey: ' abc ' }))).toEqual({ name: 'Other', streamKey: 'abc' });
    expect(newTarget(formOf({ ...unchanged, streamKey: 'abc' }))).toEqual({ ...unchanged, streamKey: 'abc' });
    expect(newTarget(formOf(unchanged), '01A').eventId).toBe('01A');

    // A steady target has no choice of a rendition.
    const { rendition, ...steady } = { ...unchanged, mode: 'steady' };
    expect(rendition).toBe('source');
    expect(targetChange(target, formOf(steady))).toEqual({ mode: 'steady' });
  });
  test('names the limits of the platform', () => {
    expect(limitsText(preset)).toBe(text.limits('1080p, 6.0 Mbit/s, a keyframe at least every 2 s'));
    expect(limitsText({ ...preset, maxBitsPerSecond: null, maxHeight: null, maxKeyframeSeconds: null })).toBeNull();
  });
  test('offers a rendition only in mode copy', () => {
    const fields = (mode: string) =>
      renderToStaticMarkup(<TargetFields target={{ ...target, mode }} renditions={['source']} fieldErrors={{}} />);
    expect(fields('copy')).toContain('name="rendition"');
    expect(fields('steady')).not.toContain('name="rendition"');
  });
  test('offers the source, the rungs of the ladder and the current rendition', () => {
    expect(renditionNames(channel)).toEqual(['source', '720p', '480p']);
    expect(renditionNames({ ...channel, ladder: 'passthrough' })).toEqual(['source']);
    const html = renderToStaticMarkup(
      <TargetFields target={{ ...target, rendition: '1080p' }} renditions={['source']} fieldErrors={{}} />,
    );
    expect(html).toContain('<option value="1080p" selected="">1080p</option>');
  });
});

test('requests name targets with spaces', async () => {
  const requests: string[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    requests.push(`${init.method} ${url}`);
    return Promise.resolve(new Response(init.method === 'DELETE' ? null : '{}', { status: init.method === 'DELETE' ? 204 : 200 }));
  });
  await listTargets(api, 'main');
  await listTargetPresets(api);
  await addTarget(api, 'main', {});
  await changeTarget(api, 'main', 'My YouTube', { enabled: false });
  await testTarget(api, 'main', 'My YouTube');
  await deleteTarget(api, 'main', 'My YouTube');
  expect(requests).toEqual([
    'GET /api/v1/channels/main/targets',
    'GET /api/v1/target-presets',
    'POST /api/v1/channels/main/targets',
    'PATCH /api/v1/channels/main/targets/My%20YouTube',
    'POST /api/v1/channels/main/targets/My%20YouTube/test',
    'DELETE /api/v1/channels/main/targets/My%20YouTube',
  ]);
});

test('activity tells what happened to a target', () => {
  const entry = (type: string) => ({ id: '1', at: '', type, session: null, actor: null, data: { target: 'A', reason: 'Closed.' } });
  expect(activityText(entry('target.live'))).toContain('“A” is live');
  expect(activityText(entry('target.lost'))).toContain('Closed.');
  expect(activityText(entry('target.rejected'))).toContain('rejected');
  expect([activityKind(entry('target.live')), activityKind(entry('target.lost'))]).toEqual(['encoder', 'problem']);
});
