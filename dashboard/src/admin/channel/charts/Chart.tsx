import type { KeyboardEvent, PointerEvent } from 'react';
import { adminText } from '../../../text';
import type { ChartKind } from './kinds';
import { createAxis, createPath, findNearest, type Mark, nearestMark, type Point, summarize, timeTicks, valueTicks } from './series';

const width = 320;
const height = 112;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const shortClock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

interface ChartProps {
  kind: ChartKind;
  points: readonly Point[];
  /** Activity of the channel. */
  marks: readonly Mark[];
  from: number;
  to: number;
  /** Interval between points. */
  intervalMs: number;
  /** The instant whose values are shown; null shows the latest values. */
  pointedAt: number | null;
  onPoint: (at: number | null) => void;
}

/**
 * A line chart with axes. Pointing at an instant, or moving to it with the arrow keys, shows its value and activity. A text also gives the
 * latest value, the minimum and the maximum.
 */
export function Chart({ kind, points, marks, from, to, intervalMs, pointedAt, onPoint }: ChartProps) {
  const text = adminText.channelPage.charts;
  const visiblePoints = points.filter(([when]) => when >= from && when <= to);
  const visibleMarks = marks.filter(({ at }) => at >= from && at <= to);
  const summary = summarize(visiblePoints);
  const axis = summary === null ? { from: 0, to: 1 } : createAxis(summary.min, summary.max);
  const ticks = valueTicks(axis.from, axis.to).filter((value) => !kind.isCount || Number.isInteger(value));
  const frame = { from, to, low: axis.from, high: axis.to, width, height };
  const pointedPoint = pointedAt === null ? null : findNearest(visiblePoints, pointedAt);
  const pointedMark = pointedAt === null ? null : nearestMark(visibleMarks, pointedAt, Math.max((to - from) / 60, intervalMs));
  const summaryText = summary === null ? text.noneInRange : text.range(kind.format(summary.min), kind.format(summary.max));
  const toX = (at: number) => ((at - from) / (to - from)) * width;
  const toY = (value: number) => ((axis.to - value) / (axis.to - axis.from)) * height;

  function onPointerMove(event: PointerEvent) {
    const bounds = event.currentTarget.getBoundingClientRect();
    onPoint(from + ((event.clientX - bounds.left) / bounds.width) * (to - from));
  }

  function onKeyDown(event: KeyboardEvent) {
    const next = pointAfterKey(event.key, visiblePoints, pointedPoint?.[0] ?? null);
    if (next === undefined) return;
    event.preventDefault();
    onPoint(next);
  }

  return (
    <figure className="chart" data-chart={kind.name} data-points={visiblePoints.length} data-marks={visibleMarks.length}>
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
        className="chart-area"
        role="img"
        tabIndex={0}
        aria-label={`${kind.title}: ${summary?.latest != null ? `${kind.format(summary.latest)}. ` : ''}${summaryText}`}
        onPointerMove={onPointerMove}
        onPointerLeave={() => onPoint(null)}
        onKeyDown={onKeyDown}
        onBlur={() => onPoint(null)}
      >
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" width="100%" height={height}>
          {ticks.map((value) => (
            <line key={value} className={value === 0 ? 'chart-zero' : 'chart-grid'} x1={0} x2={width} y1={toY(value)} y2={toY(value)} />
          ))}
          {visibleMarks.map((mark, index) => (
            <line key={index} className="chart-mark" data-kind={mark.kind} x1={toX(mark.at)} x2={toX(mark.at)} y1={0} y2={height} />
          ))}
          <path className="chart-line" d={createPath(visiblePoints, frame, intervalMs * 2.5)} />
          {pointedPoint !== null && (
            <line className="chart-cursor" x1={toX(pointedPoint[0])} x2={toX(pointedPoint[0])} y1={0} y2={height} />
          )}
        </svg>
        {summary !== null &&
          ticks.map((value) => (
            <text key={value} className="chart-tick" x={2} y={toY(value) - 3}>
              {kind.formatTick(value)}
            </text>
          ))}
        {timeTicks(from, to).map((at) => (
          <text key={at} className="chart-tick" x={`${(toX(at) / width) * 100}%`} y={height + 14} textAnchor={anchorAt(toX(at) / width)}>
            {(to - from < 5 * 60_000 ? clock : shortClock).format(at)}
          </text>
        ))}
      </svg>
      <p className="chart-summary">{pointedMark === null ? summaryText : text.mark(shortClock.format(pointedMark.at), pointedMark.text)}</p>
    </figure>
  );
}

/** The instant that a key selects; null selects none, undefined means that the key has no function. */
function pointAfterKey(key: string, points: readonly Point[], selected: number | null): number | null | undefined {
  const known = points.filter(([, value]) => value !== null);
  const index = selected === null ? known.length : known.findIndex(([at]) => at === selected);
  switch (key) {
    case 'ArrowLeft':
      return known[Math.max(index - 1, 0)]?.[0] ?? null;
    case 'ArrowRight':
      return known[Math.min(index + 1, known.length - 1)]?.[0] ?? null;
    case 'Home':
      return known[0]?.[0] ?? null;
    case 'End':
      return known.at(-1)?.[0] ?? null;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}

/** Texts at the ends of the time axis stay inside it. */
function anchorAt(position: number): 'start' | 'middle' | 'end' {
  return position < 0.06 ? 'start' : position > 0.94 ? 'end' : 'middle';
}
