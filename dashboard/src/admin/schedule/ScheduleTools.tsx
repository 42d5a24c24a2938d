import { adminText } from '../../text';
import type { Channel } from '../api';
import { startOfDay, startOfWeek, type View } from './calendar';

const monthName = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const dayName = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const views: readonly View[] = ['list', 'week', 'month'];

interface ScheduleToolsProps {
  view: View;
  anchorDay: Date;
  /** Empty for all. */
  channel: string;
  channels: readonly Channel[];
  onView: (view: View) => void;
  onAnchorDay: (day: Date) => void;
  onStep: (direction: 1 | -1) => void;
  onChannel: (channel: string) => void;
}

/** Selects view, period and channel. */
export function ScheduleTools({ view, anchorDay, channel, channels, onView, onAnchorDay, onStep, onChannel }: ScheduleToolsProps) {
  const text = adminText.schedule;
  return (
    <div className="tools schedule-tools">
      <div className="tools" role="group" aria-label={text.viewsLabel}>
        {views.map((name) => (
          <button key={name} type="button" className="button secondary" aria-pressed={view === name} onClick={() => onView(name)}>
            {text.views[name]}
          </button>
        ))}
      </div>
      {view !== 'list' && (
        <div className="tools">
          <button type="button" className="button secondary" aria-label={text.previous[view]} onClick={() => onStep(-1)}>
            ‹
          </button>
          <button type="button" className="button secondary" onClick={() => onAnchorDay(startOfDay(new Date()))}>
            {text.today}
          </button>
          <button type="button" className="button secondary" aria-label={text.next[view]} onClick={() => onStep(1)}>
            ›
          </button>
          <h2 aria-live="polite">{view === 'month' ? monthName.format(anchorDay) : dayName.format(startOfWeek(anchorDay))}</h2>
        </div>
      )}
      {channels.length > 1 && (
        <select aria-label={text.channel} value={channel} onChange={(event) => onChannel(event.currentTarget.value)}>
          <option value="">{text.allChannels}</option>
          {channels.map((option) => (
            <option key={option.name} value={option.name}>
              {option.title || option.name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
