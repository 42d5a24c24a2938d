import { type PointerEvent, useState } from 'react';
import { adminText } from '../../../text';
import type { ChartKind } from './kinds';
import { axisOf, nearest, pathOf, type Point, summaryOf } from './series';

const width = 320;
const height = 96;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

interface ChartProps {
  kind: ChartKind;
  points: readonly Point[];
  from: number;
  to: number;
  /** From one point to the next. */
  intervalMs: number;
}

/** One line over time. What it shows is said in words as well: the newest value, the least and the most. */
export function Chart({ kind, points, from, to, intervalMs }: ChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const text = adminText.channelPage.charts;
  const shown = points.filter(([when]) => when >= from && when <= to);
  const summary = summaryOf(shown);
  const axis = summary === null ? { from: 0, to: 1 } : axisOf(summary.least, summary.most);
  const frame = { from, to, low: axis.from, high: axis.to, width, height };
  const pointed = at === null ? null : nearest(shown, at);
  const words = summary === null ? text.nothing : text.summary(kind.write(summary.least), kind.write(summary.most));

  function point(event: PointerEvent) {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(from + ((event.clientX - box.left) / box.width) * (to - from));
  }

  return (
    <figure className="chart" data-chart={kind.name} data-points={shown.length}>
      <figcaption>
        <span className="chart-title">{kind.title}</span>
        <span className="chart-now">{pointed !== null ? text.at(kind.write(pointed[1]), clock.format(pointed[0])) : summary?.now != null ? kind.write(summary.now) : '–'}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${kind.title}: ${summary?.now != null ? `${kind.write(summary.now)}. ` : ''}${words}`}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
      >
        <line className="chart-grid" x1={0} x2={width} y1={height / 2} y2={height / 2} />
        {axis.from < 0 && axis.to > 0 && <line className="chart-zero" x1={0} x2={width} y1={(axis.to / (axis.to - axis.from)) * height} y2={(axis.to / (axis.to - axis.from)) * height} />}
        <path className="chart-line" d={pathOf(shown, frame, intervalMs * 2.5)} />
        {pointed !== null && <line className="chart-cursor" x1={((pointed[0] - from) / (to - from)) * width} x2={((pointed[0] - from) / (to - from)) * width} y1={0} y2={height} />}
      </svg>
      <p className="chart-words">{words}</p>
    </figure>
  );
}
