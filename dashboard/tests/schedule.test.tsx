import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, type Channel } from '../src/admin/api';
import { routePath, parseRoute } from '../src/admin/navigation';
import { Notice } from '../src/admin/Notice';
import { isOnAir } from '../src/admin/overview/cardText';
import {
  addDays,
  groupByDay,
  dayKey,
  daysBetween,
  startOfWeek,
  spreadOverDays,
  stepView,
  weeksOf,
  type DayPart,
} from '../src/admin/schedule/calendar';
import { listAllEvents, isMovable, type PlannedEvent } from '../src/admin/schedule/eventApi';
import { EventCalendar } from '../src/admin/schedule/EventCalendar';
import { EventDialog, EventFacts, EventPage, MoveUnavailable } from '../src/admin/schedule/EventDialog';
import { duplicateDraft, createDraft } from '../src/admin/schedule/EventDialogs';
import { recordOptions, RepeatFields } from '../src/admin/schedule/EventForm';
import { EventMoreFields } from '../src/admin/schedule/EventMoreFields';
import { EventList } from '../src/admin/schedule/EventList';
import { spansDays, eventSettings, savedText, repeatText, stateDetail } from '../src/admin/schedule/eventText';
import {
  changeRequest,
  reminderSetting,
  createDraftOf,
  type EventDraft,
  createRequest,
  parseReminders,
} from '../src/admin/schedule/eventRequest';
import { savedNotice } from '../src/admin/schedule/savedNotice';
import { MoveHints } from '../src/admin/schedule/SchedulePage';
import { parseRule, ordinalOf, type Repeat, repeats, buildRule } from '../src/admin/schedule/recurrence';
import { addLocalDays, shiftEnd, shiftInstant, defaultStart, timeZones, localTimeIn, localMs } from '../src/admin/schedule/localTime';
import { adminText } from '../src/text';

const untilNever = { kind: 'never' } as const;
const event: PlannedEvent = {
  id: '01A',
  kind: 'single',
  series: null,
  channel: 'main',
  title: 'The gala',
  description: '',
  state: 'scheduled',
  reason: '',
  startsAt: '2030-06-01T18:00:00+00:00',
  endsAt: '2030-06-01T20:00:00+00:00',
  timeZone: 'Europe/Berlin',
  localStart: '2030-06-01T20:00:00',
  recurrence: null,
  isChanged: false,
  record: 'channel',
  access: 'channel',
  chat: 'channel',
  startMode: 'automatic',
  previewSeconds: 900,
  announced: 'on',
  ladder: 'channel',
  latency: 'channel',
  poster: '',
  graceSeconds: 300,
  overrun: 'end',
  noShowSeconds: 0,
  reminderMinutes: [],
  wentLiveAt: null,
  endedAt: null,
  lateSince: null,
  stateSince: '2030-01-01T00:00:00Z',
  sessions: [],
  revision: 1,
  createdAt: '2030-01-01T00:00:00Z',
  updatedAt: '2030-01-01T00:00:00Z',
  pageUrl: 'https://live.example.org/event/01A',
};

afterEach(() => vi.unstubAllGlobals());

describe('a copy', () => {
  test('keeps settings such as a missing announcement', () => {
    const copy = createRequest(
      duplicateDraft({ ...event, announced: 'off', graceSeconds: 60, reminderMinutes: [60, 10], poster: '/gala.jpg', access: 'token' }),
    );
    expect(copy).toMatchObject({ announced: 'off', graceSeconds: 60, reminderMinutes: [60, 10], poster: '/gala.jpg', access: 'token' });
    expect(createRequest(duplicateDraft(event))).not.toHaveProperty('poster');
  });
  test('without reminders inherits none', () => expect(createRequest(duplicateDraft(event)).reminderMinutes).toEqual([]));
});

describe('a new event', () => {
  test('inherits announcement and reminders by default', () => {
    const draft = createDraft('main');
    expect(createRequest(draft)).not.toHaveProperty('announced');
    expect(createRequest(draft)).not.toHaveProperty('reminderMinutes');
    expect(createRequest({ ...draft, announced: 'on', reminderMinutes: [] })).toMatchObject({ announced: 'on', reminderMinutes: [] });
  });
  test('can inherit in the form; an existing event cannot', () => {
    const render = (draft: EventDraft, isNew: boolean) =>
      renderToStaticMarkup(<EventMoreFields draft={draft} isNew={isNew} system={null} fieldErrors={{}} />);
    const html = render(createDraft('main'), true);
    expect(html).toMatch(/name="announced".*?<option value="channel" selected="">/);
    expect(html).toMatch(/name="reminders".*?<option value="channel" selected="">/);
    expect(html).not.toContain('name="reminderMinutes"');
    expect(render({ ...createDraft('main'), reminderMinutes: [] }, true)).toMatch(/<option value="none" selected="">/);
    expect(render({ ...createDraft('main'), reminderMinutes: [60, 10] }, true)).toMatch(/name="reminderMinutes".*value="60, 10"/);
    const existingForm = render(createDraftOf(event), false);
    expect(existingForm).toMatch(/name="announced"[^>]*><option value="on" selected="">/);
    expect(existingForm).not.toContain('name="reminders"');
  });
  test('has inherited, no or custom reminders', () => {
    expect(reminderSetting('channel', '60')).toBeNull();
    expect(reminderSetting('none', '60')).toEqual([]);
    expect(reminderSetting('custom', '60, 10')).toEqual([60, 10]);
    expect(reminderSetting('', '60')).toEqual([60]);
  });
});

describe('local time', () => {
  test('is that of a time zone', () => {
    expect(localTimeIn(new Date('2030-06-01T18:00:00Z'), 'Europe/Berlin')).toBe('2030-06-01T20:00');
    expect(localTimeIn(new Date('2030-01-01T00:30:00Z'), 'America/New_York')).toBe('2029-12-31T19:30');
    expect(localTimeIn(new Date('2030-06-01T00:00:00Z'), 'UTC')).toBe('2030-06-01T00:00');
  });
  test('falls back to UTC for an unknown zone', () =>
    expect(localTimeIn(new Date('2030-06-01T18:00:00Z'), 'Nowhere/None')).toBe('2030-06-01T18:00'));
  test('the end moves with the start', () => {
    expect(shiftEnd('2030-06-01T22:00', '2030-06-01T20:00', '2030-06-02T19:30')).toBe('2030-06-02T21:30');
    expect(shiftEnd('2030-06-01T22:00', '2030-06-01T20:00', '')).toBe('2030-06-01T22:00');
  });
  test('adding days keeps the time of day', () => expect(addLocalDays('2030-01-31T20:00', 1)).toBe('2030-02-01T20:00'));
  test('a new event starts at a full hour, at least an hour away', () => {
    expect(defaultStart(new Date('2030-06-01T10:00:00Z'), 'UTC')).toBe('2030-06-01T11:00');
    expect(defaultStart(new Date('2030-06-01T10:20:00Z'), 'UTC')).toBe('2030-06-01T12:00');
  });
  test('an instant moves by the difference of local times', () =>
    expect(shiftInstant('2030-06-01T18:00:00Z', '2030-06-01T20:00:00', '2030-06-03T19:30')).toBe('2030-06-03T17:30:00.000Z'));
  test('an invalid time is not a number', () => expect(localMs('2030-06')).toBeNaN());
  test('UTC is always available', () => expect(timeZones()).toContain('UTC'));
});

describe('recurrence', () => {
  // A Saturday, the first of June.
  const start = '2030-06-01T20:00';
  test.each<[Repeat, string | null]>([
    ['once', null],
    ['daily', 'FREQ=DAILY'],
    ['workdays', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['weekly', 'FREQ=WEEKLY;BYDAY=SA'],
    ['fortnightly', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SA'],
    ['monthlyDay', 'FREQ=MONTHLY;BYMONTHDAY=1'],
    ['monthlyWeekday', 'FREQ=MONTHLY;BYDAY=1SA'],
    ['yearly', 'FREQ=YEARLY'],
    ['custom', 'FREQ=DAILY;COUNT=3'],
  ])('%s is %s', (repeat, rule) => expect(buildRule(repeat, start, untilNever, ' FREQ=DAILY;COUNT=3 ')).toBe(rule));
  test('ends after a number of events or on a day', () => {
    expect(buildRule('daily', start, { kind: 'count', count: 10 }, '')).toBe('FREQ=DAILY;COUNT=10');
    expect(buildRule('daily', start, { kind: 'date', date: '2030-12-31' }, '')).toBe('FREQ=DAILY;UNTIL=20301231T235959');
    expect(buildRule('fortnightly', start, { kind: 'count', count: 4 }, '')).toBe('FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=SA');
  });
  test.each(repeats.filter((repeat) => repeat !== 'custom' && repeat !== 'once'))(
    '%s is recognized in its rule, in any order of parts',
    (repeat) => {
      for (const until of [untilNever, { kind: 'count', count: 4 } as const, { kind: 'date', date: '2030-12-31' } as const]) {
        const rule = buildRule(repeat, start, until, '') ?? '';
        expect(parseRule(rule.split(';').reverse().join(';'), start)).toMatchObject({ repeat, until });
      }
    },
  );
  test.each(['FREQ=WEEKLY;BYDAY=MO,WE', 'FREQ=DAILY;UNTIL=20301231T120000Z', 'FREQ=MONTHLY;BYDAY=-1FR;BYMONTH=6'])(
    '%s is a custom rule',
    (rule) => expect(parseRule(rule, start)).toMatchObject({ repeat: 'custom', customRule: rule }),
  );
  test('no rule is once', () => expect(parseRule(null, start).repeat).toBe('once'));
  test('a fifth weekday is the last', () => {
    expect(ordinalOf(new Date('2030-06-28T00:00:00Z'))).toBe(4);
    expect(ordinalOf(new Date('2030-06-29T00:00:00Z'))).toBe(-1);
  });
  test('is described with the day of the start', () => {
    expect(repeatText('weekly', start)).toMatch(/^Every \S+/);
    expect(repeatText('monthlyDay', start)).toBe('Every month on day 1');
    expect(repeatText('monthlyWeekday', '2030-06-29T20:00')).toContain('last');
  });
  test('asks for its end, or for a custom rule', () => {
    const render = (repeat: Repeat, stops: 'never' | 'count' | 'date', mustRepeat = false) =>
      renderToStaticMarkup(
        <RepeatFields
          start={start}
          initial={{ repeat, until: untilNever, customRule: '' }}
          repeat={repeat}
          untilKind={stops}
          isRequired={mustRepeat}
          onRepeat={() => undefined}
          onUntilKind={() => undefined}
        />,
      );
    expect(render('once', 'never')).not.toContain('name="stops"');
    expect(render('weekly', 'count')).toContain('name="count"');
    expect(render('weekly', 'date')).toContain('name="until"');
    expect(render('custom', 'never')).toContain('name="recurrence"');
    expect(render('weekly', 'never', true)).not.toContain('value="once"');
  });
});

describe('a calendar', () => {
  test('has all weeks of the month, from Monday', () => {
    const weeks = weeksOf('month', new Date(2030, 5, 15));
    expect(weeks).toHaveLength(5);
    expect(dayKey(weeks[0]?.[0] ?? new Date(0))).toBe('2030-05-27');
    expect(dayKey(weeks.at(-1)?.[6] ?? new Date(0))).toBe('2030-06-30');
    expect(weeksOf('week', new Date(2030, 5, 15))).toHaveLength(1);
  });
  test('starts weeks on Monday, also on Sundays', () => expect(dayKey(startOfWeek(new Date(2030, 5, 2, 23)))).toBe('2030-05-27'));
  test('steps by month and by week', () => {
    expect(dayKey(stepView('month', new Date(2030, 0, 31), 1))).toBe('2030-02-01');
    expect(dayKey(stepView('week', new Date(2030, 0, 1), -1))).toBe('2029-12-25');
  });
  test('counts days across DST changes', () => expect(daysBetween(new Date(2030, 2, 30, 23), addDays(new Date(2030, 2, 30), 2))).toBe(2));
  test('groups events by start day', () => {
    const later = { ...event, id: '01B', startsAt: '2030-06-03T10:00:00Z' };
    expect([...groupByDay([event, later]).values()].map((found) => found.length)).toEqual([1, 1]);
    expect([...groupByDay([event, later], new Date(2030, 5, 3)).keys()]).toEqual(['2030-06-03']);
  });

  test('shows an event on each of its days, but not on a day that it only touches at midnight', () => {
    const days = [0, 1, 2, 3, 4].map((day) => new Date(2030, 5, 1 + day));
    const local = (day: number, hour: number) => new Date(2030, 5, day, hour).toISOString();
    const long = { ...event, startsAt: local(2, 22), endsAt: local(4, 0) };
    const before = { ...event, id: '01B', startsAt: new Date(2030, 4, 31, 23).toISOString(), endsAt: local(1, 1) };
    const found = spreadOverDays([before, long], days);
    const partText = ({ event: one, continues }: DayPart) => `${one.id}${continues.before ? '<' : ''}${continues.after ? '>' : ''}`;
    expect([...found].map(([key, parts]) => `${key.slice(8)} ${parts.map(partText).join()}`)).toEqual([
      '01 01B<',
      '02 01A>',
      '03 01A<',
      '04 ',
      '05 ',
    ]);
  });

  const render = (events: PlannedEvent[], mayMove = true) =>
    renderToStaticMarkup(
      <EventCalendar
        weeks={weeksOf('month', new Date(2030, 5, 1))}
        label="Schedule"
        events={events}
        today={new Date(2030, 5, 10)}
        month={5}
        allowMove={mayMove}
        onOpen={() => undefined}
        onMove={() => undefined}
      />,
    );
  test('shows events as buttons, and marks today', () => {
    const html = render([event]);
    expect(html).toContain('The gala');
    expect(html).toMatch(/<button type="button" class="event-chip" data-state="scheduled"[^>]* draggable="true"/);
    expect(html.match(/aria-current="date"/g)).toHaveLength(1);
    expect(html).toMatch(/data-other-month="true"/);
  });
  test('does not move ended events, and requires permission', () => {
    expect(render([{ ...event, state: 'ended' }])).not.toContain('draggable="true"');
    expect(render([event], false)).not.toContain('draggable="true"');
  });
  test('announces its keys, and marks continued events', () => {
    const html = render([{ ...event, startsAt: new Date(2030, 5, 3, 22).toISOString(), endsAt: new Date(2030, 5, 4, 2).toISOString() }]);
    expect(html).toContain('aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight Shift+ArrowUp Shift+ArrowDown"');
    expect(html.match(/data-event="01A"/g)).toHaveLength(2);
    expect(html).toContain(`>${adminText.schedule.continues}<`);
    expect(render([event], false)).not.toContain('aria-keyshortcuts');
  });
  test('shows states other than scheduled', () =>
    expect(render([{ ...event, state: 'cancelled' }])).toContain(adminText.schedule.states.cancelled));
});

describe('an event', () => {
  test('has channel, state and reason in the list', () => {
    const html = renderToStaticMarkup(
      <EventList events={[{ ...event, state: 'cancelled', reason: 'cancelled by user jane' }]} onOpen={() => undefined} />,
    );
    for (const labels of ['The gala', 'on main', 'Cancelled', 'cancelled by user jane']) expect(html).toContain(labels);
  });
  test('reports a missing encoder', () => {
    expect(stateDetail({ ...event, state: 'preview', lateSince: event.startsAt })).toMatch(/^No encoder connected/);
    expect(stateDetail({ ...event, state: 'preview' })).toBe(adminText.schedule.previewHint);
  });
  test('in preview cannot be moved, and explains why', () => {
    const inPreview: PlannedEvent = { ...event, state: 'preview' };
    expect(isMovable(inPreview)).toBe(false);
    expect(renderToStaticMarkup(<MoveUnavailable event={inPreview} />)).toContain(adminText.schedule.move.unavailable);
    expect(renderToStaticMarkup(<MoveUnavailable event={event} />)).toBe('');
  });
  test('shows the drag hint only for a mouse', () => {
    expect(renderToStaticMarkup(<MoveHints />)).toBe(
      `<span class="drag-hint">${adminText.schedule.dragHint} </span>${adminText.schedule.moveHint}`,
    );
  });
  test('in preview on a live channel shows a warning', () => {
    const { previewOnAir, previewHint } = adminText.schedule;
    const inPreview: PlannedEvent = { ...event, state: 'preview' };
    expect(renderToStaticMarkup(<EventFacts event={inPreview} isOnAir />)).toContain(previewOnAir);
    expect(renderToStaticMarkup(<EventFacts event={inPreview} isOnAir={false} />)).toContain(previewHint);
    const list = (onAir: string) =>
      renderToStaticMarkup(<EventList events={[inPreview]} liveChannels={new Set([onAir])} onOpen={() => undefined} />);
    expect(list('main')).toContain(previewOnAir);
    expect(list('other')).toContain(previewHint);
    expect(stateDetail(event, true)).toBe('');
  });
  test.each([
    ['live', true],
    ['preview', false],
    ['starting', false],
    ['waiting', false],
  ])('on a channel that is %s: on air is %s', (state, expected) => {
    expect(
      isOnAir({
        name: 'main',
        title: '',
        ladder: 'auto',
        latency: 'standard',
        dvrWindow: 'off',
        live: { state, session: '01', startedAt: '2030-01-01T12:00:00Z' },
      }),
    ).toBe(expected);
  });
  test('shows its settings', () => {
    const html = renderToStaticMarkup(<EventFacts event={{ ...event, series: '01S', record: 'on' }} />);
    for (const labels of [
      '15 minutes before',
      'Recorded',
      adminText.schedule.facts.partOfSeries,
      adminText.schedule.startModes.automatic ?? '',
    ])
      expect(html).toContain(labels);
  });
  test('is sent completely when new, including empty reminders', () => {
    const draft = { ...createDraftOf(event), recurrence: 'FREQ=WEEKLY;BYDAY=SA' };
    expect(createRequest(draft)).toEqual({
      title: 'The gala',
      description: '',
      channel: 'main',
      start: '2030-06-01T20:00',
      end: '2030-06-01T22:00',
      timeZone: 'Europe/Berlin',
      recurrence: 'FREQ=WEEKLY;BYDAY=SA',
      startMode: 'automatic',
      previewSeconds: 900,
      record: 'channel',
      announced: 'on',
      ladder: 'channel',
      latency: 'channel',
      graceSeconds: 300,
      overrun: 'end',
      noShowSeconds: 0,
      reminderMinutes: [],
    });
    expect(createRequest(createDraftOf(event))).not.toHaveProperty('recurrence');
  });
  test('sends only changes when edited', () => {
    const draft = createDraftOf(event);
    expect(changeRequest(draft, draft)).toEqual({});
    expect(changeRequest(draft, { ...draft, title: 'The ball' })).toEqual({ title: 'The ball' });
    expect(changeRequest(draft, { ...draft, end: '2030-06-01T23:00' })).toEqual({ end: '2030-06-01T23:00' });
    expect(changeRequest(draft, { ...draft, timeZone: 'UTC' })).toEqual({
      timeZone: 'UTC',
      start: '2030-06-01T20:00',
      end: '2030-06-01T22:00',
    });
    expect(changeRequest(draft, { ...draft, previewMinutes: 0.5 })).toEqual({ previewSeconds: 30 });
    expect(changeRequest(draft, { ...draft, noShowMinutes: 10, graceMinutes: 0, overrun: 'continue' })).toEqual({
      noShowSeconds: 600,
      graceSeconds: 0,
      overrun: 'continue',
    });
    expect(changeRequest(draft, { ...draft, reminderMinutes: [30] })).toEqual({ reminderMinutes: [30] });
    expect(changeRequest({ ...draft, poster: '/a.jpg', reminderMinutes: [30] }, draft)).toEqual({ poster: '', reminderMinutes: [] });
  });
  test('is copied to a future day with the same time and duration', () => {
    expect(duplicateDraft(event)).toMatchObject({ start: '2030-06-01T20:00', recurrence: null });
    const past = duplicateDraft({
      ...event,
      startsAt: '2020-06-01T18:00:00Z',
      endsAt: '2020-06-01T20:00:00Z',
      localStart: '2020-06-01T20:00:00',
    });
    expect(past.start.slice(10)).toBe('T20:00');
    expect(localMs(past.end) - localMs(past.start)).toBe(7_200_000);
    expect(localMs(past.start)).toBeGreaterThan(Date.now() - 86_400_000);
  });
  test('shows settings that differ from the channel’s', () => {
    expect(eventSettings(event).map(([term]) => term)).toEqual([adminText.schedule.facts.after]);
    const settings = eventSettings({
      ...event,
      announced: 'off',
      access: 'token',
      ladder: '720p',
      latency: 'low',
      noShowSeconds: 600,
      overrun: 'continue',
      reminderMinutes: [60, 10],
    }).flat();
    for (const labels of ['Viewers with a link', 'Up to 720p', 'Low', '10 minutes', 'Continue', '60, 10 minutes before'])
      expect(settings).toContain(labels);
  });
  test('of two days is distinguished from an evening', () => {
    expect(spansDays({ ...event, startsAt: new Date(2030, 5, 1, 20).toISOString(), endsAt: new Date(2030, 5, 2, 0).toISOString() })).toBe(
      false,
    );
    expect(spansDays({ ...event, startsAt: new Date(2030, 5, 1, 20).toISOString(), endsAt: new Date(2030, 5, 2, 1).toISOString() })).toBe(
      true,
    );
  });
  test('has optional fields, collapsed unless one has an error', () => {
    const draft = { ...createDraftOf(event), ladder: '1280x720@2500k' };
    const system = {
      version: '1',
      role: 'producer',
      ladders: ['passthrough', 'auto'],
      latencies: ['low', 'standard'],
      accesses: ['public', 'token'],
    };
    const render = (fieldErrors: Record<string, string>) =>
      renderToStaticMarkup(<EventMoreFields draft={draft} isNew={false} system={system} fieldErrors={fieldErrors} />);
    const html = render({});
    for (const name of [
      'access',
      'announced',
      'ladder',
      'latency',
      'poster',
      'previewSeconds',
      'graceSeconds',
      'overrun',
      'noShowSeconds',
      'reminderMinutes',
    ])
      expect(html).toContain(`name="${name}"`);
    expect(html).toContain('value="1280x720@2500k"');
    expect(html).not.toContain('<details class="more-fields" open');
    expect(render({ poster: 'No address.' })).toContain('<details class="more-fields" open');
    expect(renderToStaticMarkup(<EventMoreFields draft={createDraftOf(event)} isNew={false} system={null} fieldErrors={{}} />)).toContain(
      'name="ladder"',
    );
  });
  test('has reminders in whole minutes', () => {
    expect(parseReminders(' 60, 10;5 ')).toEqual([60, 10, 5]);
    expect(parseReminders('')).toEqual([]);
    expect(() => parseReminders('an hour')).toThrow();
  });
  test('defaults to one hour, starting soon', () => {
    const draft = createDraft('main');
    expect(localMs(draft.end) - localMs(draft.start)).toBe(3_600_000);
    expect(draft.channel).toBe('main');
  });
  test('that was moved can be moved back', () => {
    const html = renderToStaticMarkup(<Notice message={{ text: 'Moved.', undo: () => undefined }} onClose={() => undefined} />);
    expect(html).toContain(adminText.undo);
    expect(renderToStaticMarkup(<Notice message={{ text: 'Not moved.', isError: true }} onClose={() => undefined} />)).toContain(
      'role="alert"',
    );
  });
});

describe('the page of an event', () => {
  const render = (more: Partial<PlannedEvent>, channelAccess?: string) =>
    renderToStaticMarkup(<EventPage event={{ ...event, ...more }} channelAccess={channelAccess} origin="https://live.example.org" />);
  test('has a URL and hints', () => {
    const page = adminText.schedule.page;
    expect(render({})).toContain('value="https://live.example.org/event/01A"');
    expect(render({})).toContain(page.hint);
    expect(render({ announced: 'off' })).toContain(page.unannounced);
    for (const labels of [page.accessHints.token!, page.unannounced])
      expect(render({ access: 'token', announced: 'off' })).toContain(labels);
  });
  test.each([
    ['channel', 'token', 'token'],
    ['channel', 'webhook', 'webhook'],
    ['webhook', 'public', 'webhook'],
    ['token', 'public', 'token'],
    ['channel', 'something-new', 'other'],
    [undefined, 'token', 'token'],
  ])('shows the access policy of an event with %s on a channel with %s, also when saved', (access, channelAccess, guard) => {
    const labels = adminText.schedule.page.accessHints[guard]!;
    expect(render({ access }, channelAccess)).toContain(labels);
    expect(savedNotice({ ...event, access } as PlannedEvent, channelAccess, '').text).toBe(`${savedText(event)} ${labels}`);
  });
  test.each([
    ['public', 'token'],
    ['channel', 'public'],
    ['channel', undefined],
  ])('shows no access policy if it is public: event %s, channel %s', (access, channelAccess) => {
    for (const labels of Object.values(adminText.schedule.page.accessHints))
      expect(render({ access }, channelAccess)).not.toContain(labels);
    expect(savedNotice({ ...event, access }, channelAccess, 'https://h')).toEqual({ text: savedText(event), url: 'https://h/event/01A' });
  });
  test('uses the public URL', () => {
    const nothing = () => undefined;
    const html = renderToStaticMarkup(
      <EventDialog
        api={new Api(null, adminText)}
        event={event}
        channelAccess="token"
        origin="https://live.example.org"
        canManage
        onEdit={nothing}
        onEditSeries={nothing}
        onMove={nothing}
        onDuplicate={nothing}
        onChanged={nothing}
        onExpired={nothing}
        onClose={nothing}
      />,
    );
    expect(html).toContain('value="https://live.example.org/event/01A"');
    expect(html).toContain(adminText.schedule.page.accessHints.token);
  });
  test('does not exist for a series', () => expect(render({ kind: 'series' })).toBe(''));
  test('has a URL that can be copied from the notice', () => {
    expect(
      renderToStaticMarkup(<Notice message={{ text: 'Planned.', url: 'https://live.example.org/event/01A' }} onClose={() => undefined} />),
    ).toContain(adminText.copyUrl);
    expect(renderToStaticMarkup(<Notice message={{ text: 'Planned.' }} onClose={() => undefined} />)).not.toContain(adminText.copyUrl);
  });
  test('is announced with the recurrence of a series', () => {
    expect(savedText({ ...event, kind: 'series', recurrence: 'FREQ=WEEKLY;BYDAY=SA' })).toContain('every Saturday, starting');
    expect(savedText({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' })).toContain(adminText.schedule.sentence.repeats.custom);
    expect(savedText({ ...event, kind: 'series', recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' })).toContain(
      `${adminText.schedule.sentence.repeats.workdays}, starting`,
    );
    expect(savedText(event)).not.toContain('starting');
    expect(savedNotice({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' }, 'token', '')).not.toHaveProperty('url');
    expect(savedText({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' })).toMatch(/open the event to copy its URL\.$/);
  });
});

describe('inherited recording', () => {
  const channel = { name: 'main', title: '', ladder: 'passthrough', latency: 'standard', dvrWindow: 'off', live: null } as Channel;
  const labels = (record?: boolean) => new Map(recordOptions(record === undefined ? channel : { ...channel, record })).get('channel');
  test('shows the channel’s setting if it is known', () => {
    expect(labels(true)).toBe(adminText.schedule.facts.recordsOfChannel.on);
    expect(labels(false)).toBe(adminText.schedule.facts.recordsOfChannel.off);
    expect(labels()).toBe(adminText.schedule.facts.records.channel);
    expect(recordOptions(undefined)).toEqual(Object.entries(adminText.schedule.facts.records));
  });
});

describe('events of a range', () => {
  test('are loaded page by page', async () => {
    const paths: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      paths.push(path);
      const page = paths.length === 1 ? Array.from({ length: 200 }, (_, index) => ({ ...event, id: `e${index}` })) : [event];
      return Promise.resolve({ ok: true, status: 200, text: () => Promise.resolve(JSON.stringify(page)) });
    });
    const found = await listAllEvents(new Api(null, adminText), { from: new Date('2030-06-01T00:00:00.500Z'), channel: 'main' });
    expect(found).toHaveLength(201);
    expect(paths[0]).toBe('/api/v1/events?from=2030-06-01T00%3A00%3A00Z&channel=main&limit=200');
    expect(paths[1]).toContain('after=e199');
  });
  test('are limited to a maximum', async () => {
    let requestCount = 0;
    vi.stubGlobal('fetch', () => {
      requestCount++;
      return Promise.resolve({
        ok: true,
        status: 200,
        text: () => Promise.resolve(JSON.stringify(Array.from({ length: 50 }, (_, index) => ({ ...event, id: `e${index}` })))),
      });
    });
    expect(await listAllEvents(new Api(null, adminText), {}, 50)).toHaveLength(50);
    expect(requestCount).toBe(1);
  });
});

test('the schedule has a path', () => expect(parseRoute(routePath('schedule'))).toEqual({ page: 'schedule', part: '' }));
