import { type PointerEvent, useState } from 'react';
import { adminText } from '../../../text';
import type { ChartKind } from './kinds';
import { createAxis, findNearest, createPath, type Point, summarize } from './series';

const width = 320;
const height = 96;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

interface ChartProps {
  kind: ChartKind;
  points: readonly Point[];
  from: number;
  to: number;
  /** Interval between points. */
  intervalMs: number;
}

/** A line chart. A text also gives the latest value, the minimum and the maximum. */
export function Chart({ kind, points, from, to, intervalMs }: ChartProps) {
  const [pointerTime, setPointerTime] = useState<number | null>(null);
  const text = adminText.channelPage.charts;
  const visiblePoints = points.filter(([when]) => when >= from && when <= to);
  const summary = summarize(visiblePoints);
  const axis = summary === null ? { from: 0, to: 1 } : createAxis(summary.min, summary.max);
  const frame = { from, to, low: axis.from, high: axis.to, width, height };
  const pointedPoint = pointerTime === null ? null : findNearest(visiblePoints, pointerTime);
  const summaryText = summary === null ? text.noneInRange : text.range(kind.format(summary.min), kind.format(summary.max));

  function onPointerMove(event: PointerEvent) {
    const bounds = event.currentTarget.getBoundingClientRect();
    setPointerTime(from + ((event.clientX - bounds.left) / bounds.width) * (to - from));
  }

  return (
    <figure className="chart" data-chart={kind.name} data-points={visiblePoints.length}>
      <figcaption>
        <span className="chart-title">{kind.title}</span>
        <span className="chart-value">
          {pointedPoint !== null
            ? text.at(kind.format(pointedPoint[1]), clock.format(pointedPoint[0]))
            : summary?.latest != null
              ? kind.format(summary.latest)
              : '–'}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${kind.title}: ${summary?.latest != null ? `${kind.format(summary.latest)}. ` : ''}${summaryText}`}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPointerTime(null)}
      >
        <line className="chart-grid" x1={0} x2={width} y1={height / 2} y2={height / 2} />
        {axis.from < 0 && axis.to > 0 && (
          <line
            className="chart-zero"
            x1={0}
            x2={width}
            y1={(axis.to / (axis.to - axis.from)) * height}
            y2={(axis.to / (axis.to - axis.from)) * height}
          />
        )}
        <path className="chart-line" d={createPath(visiblePoints, frame, intervalMs * 2.5)} />
        {pointedPoint !== null && (
          <line
            className="chart-cursor"
            x1={((pointedPoint[0] - from) / (to - from)) * width}
            x2={((pointedPoint[0] - from) / (to - from)) * width}
            y1={0}
            y2={height}
          />
        )}
      </svg>
      <p className="chart-summary">{summaryText}</p>
    </figure>
  );
}
