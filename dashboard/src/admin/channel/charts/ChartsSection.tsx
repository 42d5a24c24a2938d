import { useCallback, useMemo, useRef, useState } from 'react';
import { adminText } from '../../../text';
import type { Api } from '../../api';
import { usePolled } from '../../usePolled';
import { activityKind, activityText } from '../activityText';
import { listActivity, measurements, type Measurement } from '../channelApi';
import { Chart } from './Chart';
import { chartKinds } from './kinds';
import { appendMeasurements, type Mark, rangeStart } from './series';

const minuteMs = 60_000;
const ranges = [
  { minutes: 15, source: 'hour', pollMs: 5000 },
  { minutes: 60, source: 'hour', pollMs: 5000 },
  { minutes: 1440, source: 'day', pollMs: minuteMs },
] as const;
const maxMarks = 100;

type Range = (typeof ranges)[number];

interface ChartsSectionProps {
  api: Api;
  channel: string;
  /** Whether the user may read the channel's activity, which is marked in the charts. */
  canReadActivity: boolean;
}

/** Charts of a channel's measurements in the last 15 minutes, hour or day. */
export function ChartsSection({ api, channel, canReadActivity }: ChartsSectionProps) {
  const [range, setRange] = useState<Range>(ranges[0]);
  const text = adminText.channelPage.charts;
  return (
    <section className="block" aria-labelledby="charts-title">
      <div className="panel-top">
        <h2 id="charts-title">{text.title}</h2>
        <div className="switch" role="group" aria-label={text.length}>
          {ranges.map((one) => (
            <button key={one.minutes} type="button" aria-pressed={range === one} onClick={() => setRange(one)}>
              {text.minutes(one.minutes)}
            </button>
          ))}
        </div>
      </div>
      <Charts key={`${channel} ${range.source}`} api={api} channel={channel} range={range} canReadActivity={canReadActivity} />
    </section>
  );
}

/** The charts of a range. Has a key, because measurements of another source or channel must not be mixed in. */
function Charts({ api, channel, range, canReadActivity }: ChartsSectionProps & { range: Range }) {
  const measured = useRef<Measurement[]>([]);
  const intervalMs = useRef(0);
  const [pointedAt, setPointedAt] = useState<number | null>(null);
  const { source, pollMs } = range;
  const load = useCallback(async () => {
    const answer = await measurements(api, channel, source, measured.current.at(-1)?.at);
    intervalMs.current = answer.intervalSeconds * 1000;
    measured.current = appendMeasurements(measured.current, answer.measurements, Date.now() - (source === 'day' ? 1440 : 60) * minuteMs);
    return measured.current;
  }, [api, channel, source]);
  const loadMarks = useCallback(
    async () => (canReadActivity ? (await listActivity(api, channel, maxMarks)).flatMap(markOf) : []),
    [api, channel, canReadActivity],
  );
  const { data, error } = usePolled(load, pollMs, ignore);
  const { data: loadedMarks } = usePolled(loadMarks, pollMs, ignore);
  const marks = useMemo(() => loadedMarks ?? [], [loadedMarks]);
  const text = adminText.channelPage.charts;
  // Use the server's clock if it is ahead.
  const to = Math.max(Date.now(), Date.parse(data?.at(-1)?.at ?? '') || 0);
  const from = rangeStart(to, range.minutes * minuteMs, data === null || data.length === 0 ? null : Date.parse(data[0]!.at));
  const visibleKinds = chartKinds.filter((kind) => data?.some((one) => kind.valueOf(one) !== null));

  return (
    <>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {data === null && error === null && <p role="status">{adminText.loading}</p>}
      {data !== null && visibleKinds.length === 0 && <p className="field-hint">{source === 'day' ? text.noneInDay : text.none}</p>}
      <div className="charts">
        {visibleKinds.map((kind) => (
          <Chart
            key={kind.name}
            kind={kind}
            points={data!.map((one) => [Date.parse(one.at), kind.valueOf(one)] as const)}
            marks={marks}
            from={from}
            to={to}
            intervalMs={intervalMs.current || pollMs}
            pointedAt={pointedAt}
            onPoint={setPointedAt}
          />
        ))}
      </div>
    </>
  );
}

/** Marks of an activity entry: none for changes and recordings, which do not affect the stream. */
function markOf(entry: Parameters<typeof activityKind>[0]): Mark[] {
  const kind = activityKind(entry);
  return kind === 'change' || kind === 'recording' ? [] : [{ at: Date.parse(entry.at), kind, text: activityText(entry) }];
}

function ignore() {
  // The channel list handles expired sessions.
}
