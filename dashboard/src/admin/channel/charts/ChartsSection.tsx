import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../../text';
import type { Api } from '../../api';
import { usePolled } from '../../usePolled';
import { measurements, type Measurement } from '../channelApi';
import { Chart } from './Chart';
import { chartKinds } from './kinds';
import { rangeStart, appendMeasurements } from './series';

const pollIntervalMs = 5000;
const hourMs = 3600_000;
const rangesInMinutes = [15, 60] as const;

/** Charts of a channel's measurements in the last 15 or 60 minutes. */
export function ChartsSection({ api, channel }: { api: Api; channel: string }) {
  const [minutes, setMinutes] = useState<(typeof rangesInMinutes)[number]>(15);
  const measured = useRef<Measurement[]>([]);
  const intervalMs = useRef(0);
  useEffect(() => {
    measured.current = [];
  }, [channel]);
  const load = useCallback(async () => {
    const answer = await measurements(api, channel, measured.current.at(-1)?.at);
    intervalMs.current = answer.intervalSeconds * 1000;
    measured.current = appendMeasurements(measured.current, answer.measurements, Date.now() - hourMs);
    return measured.current;
  }, [api, channel]);
  const { data, error } = usePolled(load, pollIntervalMs, ignore);
  const text = adminText.channelPage.charts;
  // Use the server's clock if it is ahead.
  const to = Math.max(Date.now(), Date.parse(data?.at(-1)?.at ?? '') || 0);
  const from = rangeStart(to, minutes * 60_000, data === null || data.length === 0 ? null : Date.parse(data[0]!.at));
  const visibleKinds = chartKinds.filter((kind) => data?.some((one) => kind.valueOf(one) !== null));

  return (
    <section className="block" aria-labelledby="charts-title">
      <div className="panel-top">
        <h2 id="charts-title">{text.title}</h2>
        <div className="switch" role="group" aria-label={text.length}>
          {rangesInMinutes.map((range) => (
            <button key={range} type="button" aria-pressed={minutes === range} onClick={() => setMinutes(range)}>
              {text.minutes(range)}
            </button>
          ))}
        </div>
      </div>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {data === null && error === null && <p role="status">{adminText.loading}</p>}
      {data !== null && visibleKinds.length === 0 && <p className="field-hint">{text.none}</p>}
      <div className="charts">
        {visibleKinds.map((kind) => (
          <Chart
            key={kind.name}
            kind={kind}
            points={data!.map((one) => [Date.parse(one.at), kind.valueOf(one)] as const)}
            from={from}
            to={to}
            intervalMs={intervalMs.current || pollIntervalMs}
          />
        ))}
      </div>
    </section>
  );
}

function ignore() {
  // The channel list handles expired sessions.
}
