import { adminText } from '../../text';
import type { Channel } from '../api';

interface RecordingToolsProps {
  channels: readonly Channel[];
  channel: string;
  kind: string;
  day: string;
  searchText: string;
  onChannel: (channel: string) => void;
  onKind: (kind: string) => void;
  onDay: (day: string) => void;
  onSearchText: (searchText: string) => void;
}

/** Filters of the recordings list. */
export function RecordingTools({ channels, channel, kind, day, searchText, onChannel, onKind, onDay, onSearchText }: RecordingToolsProps) {
  const text = adminText.recordings;
  return (
    <search className="tools recording-tools">
      <input
        type="search"
        aria-label={text.search}
        placeholder={text.searchHint}
        value={searchText}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onSearchText(event.currentTarget.value)}
      />
      <input type="date" aria-label={text.day} title={text.day} value={day} onChange={(event) => onDay(event.currentTarget.value)} />
      <select aria-label={text.channel} value={channel} onChange={(event) => onChannel(event.currentTarget.value)}>
        <option value="">{text.allChannels}</option>
        {channels.map((option) => (
          <option key={option.name} value={option.name}>
            {option.title || option.name}
          </option>
        ))}
      </select>
      <select aria-label={text.kind} value={kind} onChange={(event) => onKind(event.currentTarget.value)}>
        {Object.entries(text.kinds).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </search>
  );
}
