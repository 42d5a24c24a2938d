import { adminText } from '../../text';
import type { Channel } from '../api';
import { dayOf, mondayOf, type View } from './calendar';

const monthName = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const dayName = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const views: readonly View[] = ['list', 'week', 'month'];

interface ScheduleToolsProps {
  view: View;
  around: Date;
  /** Empty for all. */
  channel: string;
  channels: readonly Channel[];
  onView: (view: View) => void;
  onAround: (day: Date) => void;
  onTurn: (by: 1 | -1) => void;
  onChannel: (channel: string) => void;
}

/** Which days and which channel's events are shown, and how. */
export function ScheduleTools({ view, around, channel, channels, onView, onAround, onTurn, onChannel }: ScheduleToolsProps) {
  const text = adminText.schedule;
  return (
    <div className="tools schedule-tools">
      <div className="tools" role="group" aria-label={text.viewsLabel}>
        {views.map((name) => (
          <button key={name} type="button" className="button quiet" aria-pressed={view === name} onClick={() => onView(name)}>
            {text.views[name]}
          </button>
        ))}
      </div>
      {view !== 'list' && (
        <div className="tools">
          <button type="button" className="button quiet" aria-label={text.previous[view]} onClick={() => onTurn(-1)}>
            ‹
          </button>
          <button type="button" className="button quiet" onClick={() => onAround(dayOf(new Date()))}>
            {text.today}
          </button>
          <button type="button" className="button quiet" aria-label={text.next[view]} onClick={() => onTurn(1)}>
            ›
          </button>
          <h2 aria-live="polite">{view === 'month' ? monthName.format(around) : dayName.format(mondayOf(around))}</h2>
        </div>
      )}
      {channels.length > 1 && (
        <select aria-label={text.channel} value={channel} onChange={(event) => onChannel(event.currentTarget.value)}>
          <option value="">{text.allChannels}</option>
          {channels.map((one) => (
            <option key={one.name} value={one.name}>
              {one.title || one.name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
