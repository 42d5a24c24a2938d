import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { addressOf, placeOf } from '../src/admin/navigation';
import type { Deletion, Recording } from '../src/admin/recordings/recordingApi';
import { ChangeFields } from '../src/admin/recordings/RecordingDialogs';
import { RecordingRow } from '../src/admin/recordings/RecordingRow';
import { deletionWords, lengthText, recordingChange, recordingFacts, sizeText } from '../src/admin/recordings/recordingWords';
import { adminText } from '../src/text';

const text = adminText.recordings;
const recording: Recording = {
  id: '01R',
  channel: 'main',
  session: '01R',
  kind: 'session',
  title: 'First night',
  visibility: 'public',
  state: 'ready',
  startsAt: '2030-01-01T12:00:00Z',
  endsAt: '2030-01-01T13:02:05Z',
  durationSeconds: 3725.2,
  retention: 'channel',
  expiresAt: null,
  createdAt: '2030-01-01T12:00:00Z',
  addresses: { hls: 'http://h/vod/01R/index.m3u8', dash: '', download: 'http://h/vod/01R/download.mp4', poster: 'http://h/vod/01R/poster.jpg', thumbnails: '' },
};

describe('a recording', () => {
  const draw = (one: Recording, mayManage = true, mayDelete = true) => renderToStaticMarkup(<RecordingRow recording={one} mayManage={mayManage} mayDelete={mayDelete} onAct={() => undefined} />);

  test('is shown with its picture, and can be played and downloaded', () => {
    const html = draw(recording);
    for (const words of ['First night', 'main', '1:02:05', 'src="http://h/vod/01R/poster.jpg"', 'href="http://h/vod/01R/download.mp4"', text.clip, text.delete]) expect(html).toContain(words);
  });
  test('cannot be downloaded while it goes on', () => {
    const html = draw({ ...recording, state: 'recording', durationSeconds: null });
    expect(html).toContain(text.recordingNow);
    expect(html).not.toContain('download.mp4');
  });
  test('that is private is not played', () => {
    const html = draw({ ...recording, visibility: 'private' });
    expect(html).toContain(text.visibilities.private);
    expect(html).not.toContain('/vod/');
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
  test('keeps a length that was given elsewhere', () => {
    const html = renderToStaticMarkup(<ChangeFields recording={{ ...recording, retention: '12h' }} mistakes={{ start: 'No time.' }} />);
    expect(html).toContain('<option value="12h" selected="">');
    expect(html).toMatch(/id="field-start"[^>]* aria-invalid="true"/);
  });
  test('says until when it is kept', () => expect(recordingFacts({ ...recording, expiresAt: '2030-02-01T00:00:00Z' }).at(-1)).toMatch(/^kept until /));
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
