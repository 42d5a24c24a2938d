import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, type Channel } from '../src/admin/api';
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
import {
  limitsText,
  newTarget,
  renditionNames,
  targetChange,
  targetFacts,
  TargetFields,
  TargetRow,
} from '../src/admin/channel/TargetsSection';
import { adminText } from '../src/text';

const api = new Api(null, adminText);
const text = adminText.targets;
const target: Target = {
  name: 'My YouTube',
  url: 'rtmps://a.rtmps.youtube.com/live2',
  rendition: 'source',
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
    ['retrying', 'waiting'],
    ['rejected', 'waiting'],
  ])('shows the state %s', (state, pill) => {
    const html = row({ state });
    expect(html).toContain(`data-pill="${pill}"`);
    expect(html).toContain(text.states[state]);
    expect(html).toContain('role="status"');
  });
  test('shows its bit rate while live, and what is wrong otherwise', () => {
    expect(targetFacts(target)).toEqual(['source', '6.1 Mbit/s']);
    expect(targetFacts({ ...target, delaySeconds: 2.5, droppedFrames: 30, connections: 3 }).slice(2)).toEqual([
      text.delay('2.5'),
      text.dropped(30),
      text.reconnected(2),
    ]);
    const facts = targetFacts({ ...target, state: 'rejected', reason: 'Wrong key.', nextAttemptAt: '2030-06-01T12:01:00Z' });
    expect(facts).toContain('Wrong key.');
    expect(facts.join(' ')).toContain('next attempt');
    expect(facts.join(' ')).not.toContain('Mbit');
    expect(targetFacts({ ...target, state: 'off', enabled: false, eventId: '01' })).toEqual(['source', text.ofEvent, text.disabled]);
  });
  test('can be tested only while it is not connected', () => {
    const testButton = (html: string) => html.split('<button').find((button) => button.includes(`>${text.test}<`));
    expect(testButton(row({ state: 'live' }))).toContain('disabled');
    expect(testButton(row({ state: 'rejected' }))).not.toContain('disabled');
    expect(row({})).toContain(text.switchOff);
    expect(row({ enabled: false, state: 'off' })).toContain(text.switchOn);
  });
});

describe('the form of a target', () => {
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
  test('sends what has changed, and no empty stream key', () => {
    const unchanged = { name: target.name, url: target.url, streamKey: '', rendition: 'source' };
    expect(targetChange(target, formOf(unchanged))).toEqual({});
    expect(targetChange(target, formOf({ ...unchanged, name: 'Other', streamKey: ' abc ' }))).toEqual({ name: 'Other', streamKey: 'abc' });
    expect(newTarget(formOf({ ...unchanged, streamKey: 'abc' }))).toEqual({ ...unchanged, streamKey: 'abc' });
  });
  test('names the limits of the platform', () => {
    expect(limitsText(preset)).toBe(text.limits('1080p, 6.0 Mbit/s, a keyframe at least every 2 s'));
    expect(limitsText({ ...preset, maxBitsPerSecond: null, maxHeight: null, maxKeyframeSeconds: null })).toBeNull();
  });
  test('offers the source, the rungs of the ladder and the current rendition', () => {
    expect(renditionNames(channel)).toEqual(['source', '720p', '480p']);
    expect(renditionNames({ ...channel, ladder: 'passthrough' }, '1080p')).toEqual(['source', '1080p']);
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
