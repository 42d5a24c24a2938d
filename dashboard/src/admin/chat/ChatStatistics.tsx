import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { Chart } from '../channel/charts/Chart';
import type { ChartKind } from '../channel/charts/kinds';
import type { Point } from '../channel/charts/series';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { type ChatStatistics as Statistics, getStatistics } from './chatApi';

const minuteMs = 60_000;
const pollMs = 15_000;
const maxMinutes = 1440;

interface ChatStatisticsProps {
  api: Api;
  channel: string;
}

/** Statistics of the newest session with chat. They are loaded while they are open. */
export function ChatStatistics(props: ChatStatisticsProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{adminText.chat.statistics.title}</summary>
      {isOpen && <Loaded {...props} />}
    </details>
  );
}

function Loaded({ api, channel }: ChatStatisticsProps) {
  const found = usePolled(
    useCallback(() => getStatistics(api, channel), [api, channel]),
    pollMs,
    ignore,
  );
  return (
    <>
      {found.error !== null && (
        <p className="problem" role="alert">
          {found.error.fullMessage}
        </p>
      )}
      {found.data === null && found.error === null && <p role="status">{adminText.loading}</p>}
      {found.data !== null && <StatisticsView statistics={found.data} />}
    </>
  );
}

/** Numbers of a session, and a chart of its messages per minute. */
export function StatisticsView({ statistics }: { statistics: Statistics }) {
  const text = adminText.chat.statistics;
  const [pointedAt, setPointedAt] = useState<number | null>(null);
  if (statistics.session === null) return <p className="field-hint">{text.empty}</p>;
  const points = pointsOf(statistics.minutes);
  return (
    <>
      <dl className="chat-statistics">
        {numbersOf(statistics).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {points.length > 1 && (
        <Chart
          kind={messagesPerMinute}
          points={points}
          marks={[]}
          from={points[0]![0]}
          to={points.at(-1)![0]}
          intervalMs={minuteMs}
          pointedAt={pointedAt}
          onPoint={setPointedAt}
        />
      )}
      {statistics.mostActive.length > 0 && (
        <>
          <h4>{text.mostActive}</h4>
          <ol className="chat-active">
            {statistics.mostActive.map((one) => (
              <li key={one.participant}>
                <bdi>{one.name}</bdi> {text.messagesOf(one.messages)}
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}

/** The labelled numbers of a session, without states and actions that did not occur. */
export function numbersOf(statistics: Statistics): [label: string, value: string][] {
  const text = adminText.chat.statistics;
  const { states, questionStates, past } = adminText.chat;
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
  const parts = (counts: Record<string, number>, names: Record<string, string>) =>
    Object.entries(counts).flatMap(([key, count]) => (count > 0 ? [`${names[key] ?? key}: ${count}`] : [])).join(', ');
  const withParts = (counts: Record<string, number>, names: Record<string, string>) =>
    sum(counts) === 0 ? '0' : `${sum(counts)} (${parts(counts, names)})`;
  const busiest = statistics.busiestMinute;
  return [
    [text.participants, String(statistics.participants)],
    [text.messages, withParts(statistics.messages, states)],
    [text.busiest, busiest === null ? '–' : text.at(busiest.messages, clockText(busiest.minute))],
    [text.reactions, Object.entries(statistics.reactions).map(([emoji, count]) => `${emoji} ${count}`).join('  ') || '0'],
    [text.questions, withParts(statistics.questions, questionStates)],
    [text.polls, text.pollsWithVotes(statistics.polls, statistics.pollVotes)],
    [text.actions, withParts(statistics.actions, past)],
  ];
}

/** Points of the chart: one for each of the last minutes of a day, with 0 for those without messages. */
export function pointsOf(minutes: Statistics['minutes']): Point[] {
  const counts = new Map(minutes.map(({ minute, messages }) => [Date.parse(minute), messages]));
  const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  if (counts.size === 0) return [];
  const points: Point[] = [];
  for (let at = Math.max(first, last - maxMinutes * minuteMs); at <= last; at += minuteMs) points.push([at, counts.get(at) ?? 0]);
  return points;
}

const messagesPerMinute: ChartKind = {
  name: 'chat-messages',
  title: adminText.chat.statistics.perMinute,
  valueOf: () => null,
  format: String,
  formatTick: String,
  isCount: true,
};

function ignore() {}
