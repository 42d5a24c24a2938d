import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, type Channel } from '../src/admin/api';
import { addressOf, placeOf } from '../src/admin/navigation';
import { Notice } from '../src/admin/Notice';
import { isOnAir } from '../src/admin/now/cardWords';
import { addDays, byDay, dayKey, daysBetween, mondayOf, onEachDay, turned, weeksOf } from '../src/admin/schedule/calendar';
import { listAllEvents, mayMove, type PlannedEvent } from '../src/admin/schedule/eventApi';
import { EventCalendar } from '../src/admin/schedule/EventCalendar';
import { EventDialog, EventFacts, EventPage, NoMove } from '../src/admin/schedule/EventDialog';
import { copyOf, newDraft } from '../src/admin/schedule/EventDialogs';
import { recordChoices, RepeatFields } from '../src/admin/schedule/EventForm';
import { EventMoreFields } from '../src/admin/schedule/EventMoreFields';
import { EventList } from '../src/admin/schedule/EventList';
import { isLong, ownTerms, plannedWords, repeatWords, stateSentence } from '../src/admin/schedule/eventWords';
import { changedWish, chosenReminders, draftOf, type EventDraft, newWish, remindersOf } from '../src/admin/schedule/eventWish';
import { plannedSaid } from '../src/admin/schedule/plannedSaid';
import { MoveHints } from '../src/admin/schedule/SchedulePage';
import { choiceOf, ordinalOf, type Repeat, repeats, ruleOf } from '../src/admin/schedule/recurrence';
import { movedDays, movedEnd, movedInstant, nextStart, timeZones, wallIn, wallMs } from '../src/admin/schedule/wallClock';
import { adminText } from '../src/text';

const never = { kind: 'never' } as const;
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
  test('of what is not announced is not announced either, and keeps its terms', () => {
    const copy = newWish(copyOf({ ...event, announced: 'off', graceSeconds: 60, reminderMinutes: [60, 10], poster: '/gala.jpg', access: 'token' }));
    expect(copy).toMatchObject({ announced: 'off', graceSeconds: 60, reminderMinutes: [60, 10], poster: '/gala.jpg', access: 'token' });
    expect(newWish(copyOf(event))).not.toHaveProperty('poster');
  });
  test('of what has no reminders has none either, whatever its channel has', () => expect(newWish(copyOf(event)).reminderMinutes).toEqual([]));
});

describe('a new event', () => {
  test('is announced and has reminders as its channel says, unless somebody says otherwise', () => {
    const draft = newDraft('main');
    expect(newWish(draft)).not.toHaveProperty('announced');
    expect(newWish(draft)).not.toHaveProperty('reminderMinutes');
    expect(newWish({ ...draft, announced: 'on', reminderMinutes: [] })).toMatchObject({ announced: 'on', reminderMinutes: [] });
  });
  test('can be left to its channel in the form, one that is there cannot', () => {
    const draw = (draft: EventDraft, isNew: boolean) => renderToStaticMarkup(<EventMoreFields draft={draft} isNew={isNew} system={null} mistakes={{}} />);
    const html = draw(newDraft('main'), true);
    expect(html).toMatch(/name="announced".*?<option value="channel" selected="">/);
    expect(html).toMatch(/name="reminders".*?<option value="channel" selected="">/);
    expect(html).not.toContain('name="reminderMinutes"');
    expect(draw({ ...newDraft('main'), reminderMinutes: [] }, true)).toMatch(/<option value="none" selected="">/);
    expect(draw({ ...newDraft('main'), reminderMinutes: [60, 10] }, true)).toMatch(/name="reminderMinutes".*value="60, 10"/);
    const there = draw(draftOf(event), false);
    expect(there).toMatch(/name="announced"[^>]*><option value="on" selected="">/);
    expect(there).not.toContain('name="reminders"');
  });
  test('has the reminders that somebody chose', () => {
    expect(chosenReminders('channel', '60')).toBeNull();
    expect(chosenReminders('none', '60')).toEqual([]);
    expect(chosenReminders('these', '60, 10')).toEqual([60, 10]);
    expect(chosenReminders('', '60')).toEqual([60]);
  });
});

describe('clocks on the wall', () => {
  test('show what they show in a place', () => {
    expect(wallIn(new Date('2030-06-01T18:00:00Z'), 'Europe/Berlin')).toBe('2030-06-01T20:00');
    expect(wallIn(new Date('2030-01-01T00:30:00Z'), 'America/New_York')).toBe('2029-12-31T19:30');
    expect(wallIn(new Date('2030-06-01T00:00:00Z'), 'UTC')).toBe('2030-06-01T00:00');
  });
  test('show UTC where a place is not known', () => expect(wallIn(new Date('2030-06-01T18:00:00Z'), 'Nowhere/None')).toBe('2030-06-01T18:00'));
  test('an end goes with its start', () => {
    expect(movedEnd('2030-06-01T22:00', '2030-06-01T20:00', '2030-06-02T19:30')).toBe('2030-06-02T21:30');
    expect(movedEnd('2030-06-01T22:00', '2030-06-01T20:00', '')).toBe('2030-06-01T22:00');
  });
  test('days later it is the same time of day, across months', () => expect(movedDays('2030-01-31T20:00', 1)).toBe('2030-02-01T20:00'));
  test('a new event is proposed at a full hour that is an hour away', () => {
    expect(nextStart(new Date('2030-06-01T10:00:00Z'), 'UTC')).toBe('2030-06-01T11:00');
    expect(nextStart(new Date('2030-06-01T10:20:00Z'), 'UTC')).toBe('2030-06-01T12:00');
  });
  test('an instant moves as clocks do', () => expect(movedInstant('2030-06-01T18:00:00Z', '2030-06-01T20:00:00', '2030-06-03T19:30')).toBe('2030-06-03T17:30:00.000Z'));
  test('what is no time is no number', () => expect(wallMs('2030-06')).toBeNaN());
  test('there is always UTC to choose', () => expect(timeZones()).toContain('UTC'));
});

describe('how something recurs', () => {
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
    ['own', 'FREQ=DAILY;COUNT=3'],
  ])('%s is %s', (repeat, rule) => expect(ruleOf(repeat, start, never, ' FREQ=DAILY;COUNT=3 ')).toBe(rule));
  test('stops after so many times, or after a day', () => {
    expect(ruleOf('daily', start, { kind: 'count', count: 10 }, '')).toBe('FREQ=DAILY;COUNT=10');
    expect(ruleOf('daily', start, { kind: 'date', date: '2030-12-31' }, '')).toBe('FREQ=DAILY;UNTIL=20301231T235959');
    expect(ruleOf('fortnightly', start, { kind: 'count', count: 4 }, '')).toBe('FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=SA');
  });
  test.each(repeats.filter((repeat) => repeat !== 'own' && repeat !== 'once'))('%s is found again in its rule, however its parts are ordered', (repeat) => {
    for (const until of [never, { kind: 'count', count: 4 } as const, { kind: 'date', date: '2030-12-31' } as const]) {
      const rule = ruleOf(repeat, start, until, '') ?? '';
      expect(choiceOf(rule.split(';').reverse().join(';'), start)).toMatchObject({ repeat, until });
    }
  });
  test.each(['FREQ=WEEKLY;BYDAY=MO,WE', 'FREQ=DAILY;UNTIL=20301231T120000Z', 'FREQ=MONTHLY;BYDAY=-1FR;BYMONTH=6'])('%s is a rule of one’s own', (rule) =>
    expect(choiceOf(rule, start)).toMatchObject({ repeat: 'own', own: rule }),
  );
  test('none is once', () => expect(choiceOf(null, start).repeat).toBe('once'));
  test('a fifth weekday is the last', () => {
    expect(ordinalOf(new Date('2030-06-28T00:00:00Z'))).toBe(4);
    expect(ordinalOf(new Date('2030-06-29T00:00:00Z'))).toBe(-1);
  });
  test('is said in words of the day of the start', () => {
    expect(repeatWords('weekly', start)).toMatch(/^Every \S+/);
    expect(repeatWords('monthlyDay', start)).toBe('Every month on day 1');
    expect(repeatWords('monthlyWeekday', '2030-06-29T20:00')).toContain('last');
  });
  test('asks until when, and for a rule where it is one’s own', () => {
    const draw = (repeat: Repeat, stops: 'never' | 'count' | 'date', mustRepeat = false) =>
      renderToStaticMarkup(
        <RepeatFields start={start} initial={{ repeat, until: never, own: '' }} repeat={repeat} stops={stops} mustRepeat={mustRepeat} onRepeat={() => undefined} onStops={() => undefined} />,
      );
    expect(draw('once', 'never')).not.toContain('name="stops"');
    expect(draw('weekly', 'count')).toContain('name="count"');
    expect(draw('weekly', 'date')).toContain('name="until"');
    expect(draw('own', 'never')).toContain('name="recurrence"');
    expect(draw('weekly', 'never', true)).not.toContain('value="once"');
  });
});

describe('a calendar', () => {
  test('has all weeks that a month touches, from Monday', () => {
    const weeks = weeksOf('month', new Date(2030, 5, 15));
    expect(weeks).toHaveLength(5);
    expect(dayKey(weeks[0]?.[0] ?? new Date(0))).toBe('2030-05-27');
    expect(dayKey(weeks.at(-1)?.[6] ?? new Date(0))).toBe('2030-06-30');
    expect(weeksOf('week', new Date(2030, 5, 15))).toHaveLength(1);
  });
  test('begins weeks on Monday, on Sundays too', () => expect(dayKey(mondayOf(new Date(2030, 5, 2, 23)))).toBe('2030-05-27'));
  test('turns by a month whatever its length, and by a week', () => {
    expect(dayKey(turned('month', new Date(2030, 0, 31), 1))).toBe('2030-02-01');
    expect(dayKey(turned('week', new Date(2030, 0, 1), -1))).toBe('2029-12-25');
  });
  test('counts days whatever is done to clocks', () => expect(daysBetween(new Date(2030, 2, 30, 23), addDays(new Date(2030, 2, 30), 2))).toBe(2));
  test('has each event on the day on which it starts', () => {
    const later = { ...event, id: '01B', startsAt: '2030-06-03T10:00:00Z' };
    expect([...byDay([event, later]).values()].map((found) => found.length)).toEqual([1, 1]);
    expect([...byDay([event, later], new Date(2030, 5, 3)).keys()]).toEqual(['2030-06-03']);
  });

  test('has an event of several days on each of them that is shown, and not on the one at whose midnight it ends', () => {
    const days = [0, 1, 2, 3, 4].map((day) => new Date(2030, 5, 1 + day));
    const local = (day: number, hour: number) => new Date(2030, 5, day, hour).toISOString();
    const long = { ...event, startsAt: local(2, 22), endsAt: local(4, 0) };
    const before = { ...event, id: '01B', startsAt: new Date(2030, 4, 31, 23).toISOString(), endsAt: local(1, 1) };
    const found = onEachDay([before, long], days);
    expect([...found].map(([key, parts]) => `${key.slice(8)} ${parts.map(({ event: one, goesOn }) => `${one.id}${goesOn.before ? '<' : ''}${goesOn.after ? '>' : ''}`).join()}`)).toEqual([
      '01 01B<',
      '02 01A>',
      '03 01A<',
      '04 ',
      '05 ',
    ]);
  });

  const draw = (events: PlannedEvent[], mayMove = true) =>
    renderToStaticMarkup(
      <EventCalendar
        weeks={weeksOf('month', new Date(2030, 5, 1))}
        label="Schedule"
        events={events}
        today={new Date(2030, 5, 10)}
        month={5}
        mayMove={mayMove}
        onOpen={() => undefined}
        onMove={() => undefined}
      />,
    );
  test('shows events as buttons in their days, and today', () => {
    const html = draw([event]);
    expect(html).toContain('The gala');
    expect(html).toMatch(/<button type="button" class="event-chip" data-state="scheduled"[^>]* draggable="true"/);
    expect(html.match(/aria-current="date"/g)).toHaveLength(1);
    expect(html).toMatch(/data-other="true"/);
  });
  test('lets nobody move what is over, nor who may not', () => {
    expect(draw([{ ...event, state: 'ended' }])).not.toContain('draggable="true"');
    expect(draw([event], false)).not.toContain('draggable="true"');
  });
  test('tells that keys move an event, and where it only goes on', () => {
    const html = draw([{ ...event, startsAt: new Date(2030, 5, 3, 22).toISOString(), endsAt: new Date(2030, 5, 4, 2).toISOString() }]);
    expect(html).toContain('aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight Shift+ArrowUp Shift+ArrowDown"');
    expect(html.match(/data-event="01A"/g)).toHaveLength(2);
    expect(html).toContain(`>${adminText.schedule.goesOn}<`);
    expect(draw([event], false)).not.toContain('aria-keyshortcuts');
  });
  test('says what is not simply planned', () => expect(draw([{ ...event, state: 'cancelled' }])).toContain(adminText.schedule.states.cancelled));
});

describe('an event', () => {
  test('stands in the list with its channel, state and reason', () => {
    const html = renderToStaticMarkup(<EventList events={[{ ...event, state: 'cancelled', reason: 'cancelled by user jane' }]} onOpen={() => undefined} />);
    for (const words of ['The gala', 'on main', 'Cancelled', 'cancelled by user jane']) expect(html).toContain(words);
  });
  test('says that its encoder is missed', () => {
    expect(stateSentence({ ...event, state: 'preview', lateSince: event.startsAt })).toMatch(/^No encoder yet/);
    expect(stateSentence({ ...event, state: 'preview' })).toBe(adminText.schedule.previewHint);
  });
  test('in preview cannot be moved, and says why', () => {
    const inPreview: PlannedEvent = { ...event, state: 'preview' };
    expect(mayMove(inPreview)).toBe(false);
    expect(renderToStaticMarkup(<NoMove event={inPreview} />)).toContain(adminText.schedule.move.inPreview);
    expect(renderToStaticMarkup(<NoMove event={event} />)).toBe('');
  });
  test('is dragged with a mouse only, which the hint goes by', () => {
    expect(renderToStaticMarkup(<MoveHints />)).toBe(`<span class="drag-hint">${adminText.schedule.dragHint} </span>${adminText.schedule.moveHint}`);
  });
  test('in preview on a channel that is on air hides nothing, and says so', () => {
    const { previewOnAir, previewHint } = adminText.schedule;
    const inPreview: PlannedEvent = { ...event, state: 'preview' };
    expect(renderToStaticMarkup(<EventFacts event={inPreview} isOnAir />)).toContain(previewOnAir);
    expect(renderToStaticMarkup(<EventFacts event={inPreview} isOnAir={false} />)).toContain(previewHint);
    const list = (onAir: string) => renderToStaticMarkup(<EventList events={[inPreview]} onAir={new Set([onAir])} onOpen={() => undefined} />);
    expect(list('main')).toContain(previewOnAir);
    expect(list('other')).toContain(previewHint);
    expect(stateSentence(event, true)).toBe('');
  });
  test.each([['live', true], ['preview', false], ['starting', false], ['waiting', false]])('finds its channel %s: on air is %s', (state, expected) => {
    expect(isOnAir({ name: 'main', title: '', ladder: 'auto', latency: 'standard', rewind: 'off', live: { state, session: '01', startedAt: '2030-01-01T12:00:00Z' } })).toBe(expected);
  });
  test('tells what it is', () => {
    const html = renderToStaticMarkup(<EventFacts event={{ ...event, series: '01S', record: 'on' }} />);
    for (const words of ['15 minutes before', 'Recorded', adminText.schedule.facts.inSeries, adminText.schedule.begins.automatic ?? '']) expect(html).toContain(words);
  });
  test('is sent whole when it is new, with reminders also where there are none', () => {
    const draft = { ...draftOf(event), recurrence: 'FREQ=WEEKLY;BYDAY=SA' };
    expect(newWish(draft)).toEqual({
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
    expect(newWish(draftOf(event))).not.toHaveProperty('recurrence');
  });
  test('is sent by what differs when it is changed', () => {
    const draft = draftOf(event);
    expect(changedWish(draft, draft)).toEqual({});
    expect(changedWish(draft, { ...draft, title: 'The ball' })).toEqual({ title: 'The ball' });
    expect(changedWish(draft, { ...draft, end: '2030-06-01T23:00' })).toEqual({ end: '2030-06-01T23:00' });
    expect(changedWish(draft, { ...draft, timeZone: 'UTC' })).toEqual({ timeZone: 'UTC', start: '2030-06-01T20:00', end: '2030-06-01T22:00' });
    expect(changedWish(draft, { ...draft, previewMinutes: 0.5 })).toEqual({ previewSeconds: 30 });
    expect(changedWish(draft, { ...draft, noShowMinutes: 10, graceMinutes: 0, overrun: 'continue' })).toEqual({ noShowSeconds: 600, graceSeconds: 0, overrun: 'continue' });
    expect(changedWish(draft, { ...draft, reminderMinutes: [30] })).toEqual({ reminderMinutes: [30] });
    expect(changedWish({ ...draft, poster: '/a.jpg', reminderMinutes: [30] }, draft)).toEqual({ poster: '', reminderMinutes: [] });
  });
  test('is copied to where it can still be, at the same time of day and as long', () => {
    expect(copyOf(event)).toMatchObject({ start: '2030-06-01T20:00', recurrence: null });
    const past = copyOf({ ...event, startsAt: '2020-06-01T18:00:00Z', endsAt: '2020-06-01T20:00:00Z', localStart: '2020-06-01T20:00:00' });
    expect(past.start.slice(10)).toBe('T20:00');
    expect(wallMs(past.end) - wallMs(past.start)).toBe(7_200_000);
    expect(wallMs(past.start)).toBeGreaterThan(Date.now() - 86_400_000);
  });
  test('tells what it has of its own', () => {
    expect(ownTerms(event).map(([term]) => term)).toEqual([adminText.schedule.facts.after]);
    const said = ownTerms({ ...event, announced: 'off', access: 'token', ladder: '720p', latency: 'low', noShowSeconds: 600, overrun: 'continue', reminderMinutes: [60, 10] }).flat();
    for (const words of ['Who has a link', 'Up to 720p', 'Low', '10 minutes', 'Let it go on', '60, 10 minutes before']) expect(said).toContain(words);
  });
  test('of two days is told from one of an evening', () => {
    expect(isLong({ ...event, startsAt: new Date(2030, 5, 1, 20).toISOString(), endsAt: new Date(2030, 5, 2, 0).toISOString() })).toBe(false);
    expect(isLong({ ...event, startsAt: new Date(2030, 5, 1, 20).toISOString(), endsAt: new Date(2030, 5, 2, 1).toISOString() })).toBe(true);
  });
  test('asks for all that an event may have, folded away until something is wrong with it', () => {
    const draft = { ...draftOf(event), ladder: '1280x720@2500k' };
    const system = { version: '1', role: 'producer', ladders: ['passthrough', 'auto'], latencies: ['low', 'standard'], accesses: ['public', 'token'] };
    const draw = (mistakes: Record<string, string>) => renderToStaticMarkup(<EventMoreFields draft={draft} isNew={false} system={system} mistakes={mistakes} />);
    const html = draw({});
    for (const name of ['access', 'announced', 'ladder', 'latency', 'poster', 'previewSeconds', 'graceSeconds', 'overrun', 'noShowSeconds', 'reminderMinutes']) expect(html).toContain(`name="${name}"`);
    expect(html).toContain('value="1280x720@2500k"');
    expect(html).not.toContain('<details class="more-fields" open');
    expect(draw({ poster: 'No address.' })).toContain('<details class="more-fields" open');
    expect(renderToStaticMarkup(<EventMoreFields draft={draftOf(event)} isNew={false} system={null} mistakes={{}} />)).toContain('name="ladder"');
  });
  test('has reminders that are whole minutes', () => {
    expect(remindersOf(' 60, 10;5 ')).toEqual([60, 10, 5]);
    expect(remindersOf('')).toEqual([]);
    expect(() => remindersOf('an hour')).toThrow();
  });
  test('is proposed as an hour, soon', () => {
    const draft = newDraft('main');
    expect(wallMs(draft.end) - wallMs(draft.start)).toBe(3_600_000);
    expect(draft.channel).toBe('main');
  });
  test('that was moved can be moved back', () => {
    const html = renderToStaticMarkup(<Notice said={{ words: 'Moved.', undo: () => undefined }} onDone={() => undefined} />);
    expect(html).toContain(adminText.undo);
    expect(renderToStaticMarkup(<Notice said={{ words: 'Not moved.', isProblem: true }} onDone={() => undefined} />)).toContain('role="alert"');
  });
});

describe('what is sent to viewers', () => {
  const draw = (more: Partial<PlannedEvent>, channelAccess?: string) => renderToStaticMarkup(<EventPage event={{ ...event, ...more }} channelAccess={channelAccess} origin="https://live.example.org" />);
  test('is the page of an event, with what it shows to whom', () => {
    const page = adminText.schedule.page;
    expect(draw({})).toContain('value="https://live.example.org/event/01A"');
    expect(draw({})).toContain(page.hint);
    expect(draw({ announced: 'off' })).toContain(page.unannounced);
    for (const words of [page.guarded.token!, page.unannounced]) expect(draw({ access: 'token', announced: 'off' })).toContain(words);
  });
  test.each([
    ['channel', 'token', 'token'],
    ['channel', 'webhook', 'webhook'],
    ['webhook', 'public', 'webhook'],
    ['token', 'public', 'token'],
    ['channel', 'something-new', 'other'],
    [undefined, 'token', 'token'],
  ])('says who gets in at an event for %s on a channel for %s, also when it was planned', (access, channelAccess, guard) => {
    const words = adminText.schedule.page.guarded[guard]!;
    expect(draw({ access }, channelAccess)).toContain(words);
    expect(plannedSaid({ ...event, access } as PlannedEvent, channelAccess, '').words).toBe(`${plannedWords(event)} ${words}`);
  });
  test.each([['public', 'token'], ['channel', 'public'], ['channel', undefined]])('says nothing of that where everybody gets in: an event for %s on a channel for %s', (access, channelAccess) => {
    for (const words of Object.values(adminText.schedule.page.guarded)) expect(draw({ access }, channelAccess)).not.toContain(words);
    expect(plannedSaid({ ...event, access }, channelAccess, 'https://h')).toEqual({ words: plannedWords(event), address: 'https://h/event/01A' });
  });
  test('is of where viewers’ pages are, in the event’s dialog as well', () => {
    const nothing = () => undefined;
    const html = renderToStaticMarkup(
      <EventDialog api={new Api(null, adminText)} event={event} channelAccess="token" origin="https://live.example.org" mayManage onEdit={nothing} onEditSeries={nothing} onMove={nothing} onDuplicate={nothing} onChanged={nothing} onExpired={nothing} onClose={nothing} />,
    );
    expect(html).toContain('value="https://live.example.org/event/01A"');
    expect(html).toContain(adminText.schedule.page.guarded.token);
  });
  test('is nothing of a series, which has no page', () => expect(draw({ kind: 'series' })).toBe(''));
  test('can be copied from what says that it is planned', () => {
    expect(renderToStaticMarkup(<Notice said={{ words: 'Planned.', address: 'https://live.example.org/event/01A' }} onDone={() => undefined} />)).toContain(adminText.copyAddress);
    expect(renderToStaticMarkup(<Notice said={{ words: 'Planned.' }} onDone={() => undefined} />)).not.toContain(adminText.copyAddress);
  });
  test('says of a series how it recurs', () => {
    expect(plannedWords({ ...event, kind: 'series', recurrence: 'FREQ=WEEKLY;BYDAY=SA' })).toContain('every Saturday, first');
    expect(plannedWords({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' })).toContain(adminText.schedule.recurring.repeats.own);
    expect(plannedWords({ ...event, kind: 'series', recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' })).toContain(`${adminText.schedule.recurring.repeats.workdays}, first`);
    expect(plannedWords(event)).not.toContain('first');
    expect(plannedSaid({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' }, 'token', '')).not.toHaveProperty('address');
    expect(plannedWords({ ...event, kind: 'series', recurrence: 'FREQ=HOURLY' })).toMatch(/open one here for its address\.$/);
  });
});

describe('recording as the channel says', () => {
  const channel = { name: 'main', title: '', ladder: 'passthrough', latency: 'standard', rewind: 'off', live: null } as Channel;
  const words = (record?: boolean) => new Map(recordChoices(record === undefined ? channel : { ...channel, record })).get('channel');
  test('says what that is, where it is known', () => {
    expect(words(true)).toBe(adminText.schedule.facts.recordsOfChannel.on);
    expect(words(false)).toBe(adminText.schedule.facts.recordsOfChannel.off);
    expect(words()).toBe(adminText.schedule.facts.records.channel);
    expect(recordChoices(undefined)).toEqual(Object.entries(adminText.schedule.facts.records));
  });
});

describe('events of a range', () => {
  test('are read page by page', async () => {
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
  test('are read no further than they are wished', async () => {
    let asked = 0;
    vi.stubGlobal('fetch', () => {
      asked++;
      return Promise.resolve({ ok: true, status: 200, text: () => Promise.resolve(JSON.stringify(Array.from({ length: 50 }, (_, index) => ({ ...event, id: `e${index}` })))) });
    });
    expect(await listAllEvents(new Api(null, adminText), {}, 50)).toHaveLength(50);
    expect(asked).toBe(1);
  });
});

test('the schedule has an address', () => expect(placeOf(addressOf('schedule'))).toEqual({ page: 'schedule', part: '' }));
