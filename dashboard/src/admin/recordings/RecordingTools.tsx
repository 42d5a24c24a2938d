import { adminText } from '../../text';
import type { Channel } from '../api';

interface RecordingToolsProps {
  channels: readonly Channel[];
  channel: string;
  kind: string;
  day: string;
  typed: string;
  onChannel: (channel: string) => void;
  onKind: (kind: string) => void;
  onDay: (day: string) => void;
  onType: (typed: string) => void;
}

/** What recordings are looked for by. */
export function RecordingTools({ channels, channel, kind, day, typed, onChannel, onKind, onDay, onType }: RecordingToolsProps) {
  const text = adminText.recordings;
  return (
    <search className="tools recording-tools">
      <input
        type="search"
        aria-label={text.search}
        placeholder={text.searchHint}
        value={typed}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onType(event.currentTarget.value)}
      />
      <input type="date" aria-label={text.day} title={text.day} value={day} onChange={(event) => onDay(event.currentTarget.value)} />
      <select aria-label={text.channel} value={channel} onChange={(event) => onChannel(event.currentTarget.value)}>
        <option value="">{text.allChannels}</option>
        {channels.map((one) => (
          <option key={one.name} value={one.name}>
            {one.title || one.name}
          </option>
        ))}
      </select>
      <select aria-label={text.kind} value={kind} onChange={(event) => onKind(event.currentTarget.value)}>
        {Object.entries(text.kinds).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </search>
  );
}
