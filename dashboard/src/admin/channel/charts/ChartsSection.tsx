import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../../text';
import type { Api } from '../../api';
import { usePolled } from '../../usePolled';
import { measurements, type Measurement } from '../channelApi';
import { Chart } from './Chart';
import { chartKinds } from './kinds';
import { beginOf, joined } from './series';

const everyMs = 5000;
const hourMs = 3600_000;
const lengths = [15, 60] as const;

/** How a channel did in the last quarter of an hour or hour, as lines. */
export function ChartsSection({ api, channel }: { api: Api; channel: string }) {
  const [minutes, setMinutes] = useState<(typeof lengths)[number]>(15);
  const known = useRef<Measurement[]>([]);
  const interval = useRef(0);
  useEffect(() => {
    known.current = [];
  }, [channel]);
  const ask = useCallback(async () => {
    const answer = await measurements(api, channel, known.current.at(-1)?.at);
    interval.current = answer.intervalSeconds * 1000;
    known.current = joined(known.current, answer.measurements, Date.now() - hourMs);
    return known.current;
  }, [api, channel]);
  const { data, error } = usePolled(ask, everyMs, nothing);
  const text = adminText.channelPage.charts;
  // By the server's clock where it is ahead of ours.
  const to = Math.max(Date.now(), Date.parse(data?.at(-1)?.at ?? '') || 0);
  const from = beginOf(to, minutes * 60_000, data === null || data.length === 0 ? null : Date.parse(data[0]!.at));
  const shown = chartKinds.filter((kind) => data?.some((one) => kind.of(one) !== null));

  return (
    <section className="block" aria-labelledby="charts-title">
      <div className="panel-top">
        <h2 id="charts-title">{text.title}</h2>
        <div className="switch" role="group" aria-label={text.length}>
          {lengths.map((length) => (
            <button key={length} type="button" aria-pressed={minutes === length} onClick={() => setMinutes(length)}>
              {text.minutes(length)}
            </button>
          ))}
        </div>
      </div>
      {error !== null && (
        <p className="problem" role="alert">
          {error.words}
        </p>
      )}
      {data === null && error === null && <p role="status">{adminText.loading}</p>}
      {data !== null && shown.length === 0 && <p className="field-hint">{text.none}</p>}
      <div className="charts">
        {shown.map((kind) => (
          <Chart key={kind.name} kind={kind} points={data!.map((one) => [Date.parse(one.at), kind.of(one)] as const)} from={from} to={to} intervalMs={interval.current || everyMs} />
        ))}
      </div>
    </section>
  );
}

function nothing() {
  // A session that ends is noticed by the list of channels.
}
