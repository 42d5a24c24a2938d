import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { changeChat, type ChatSettings } from './chatApi';
import type { ChatPartProps } from './ChatSection';
import { useTask } from './useTask';

interface ChatModesProps extends ChatPartProps {
  settings: ChatSettings;
  canManage: boolean;
}

const switches = ['membersOnly', 'frozen', 'holdAll', 'reactions', 'questions'] as const;

/** Switches of the chat. Each change is saved at once. */
export function ChatModes({ api, channel, settings: saved, canManage, onChanged }: ChatModesProps) {
  const { isBusy, error, run } = useTask(onChanged);
  // A switch shows its new position at once, until the settings are loaded again.
  const [wanted, setWanted] = useState<Partial<ChatSettings>>({});
  const settings = { ...saved, ...wanted };
  useEffect(() => {
    if (!isBusy) setWanted({});
  }, [saved]);
  const text = adminText.chat;
  const save = (change: Partial<ChatSettings>) => {
    setWanted(change);
    void run(() => changeChat(api, channel, change));
  };
  const seconds = String(settings.slowSeconds);
  const options: (readonly [string, string])[] = text.slowOptions.some(([value]) => value === seconds)
    ? [...text.slowOptions]
    : [...text.slowOptions, [seconds, text.slowOther(settings.slowSeconds)]];

  return (
    <fieldset className="checks chat-modes" disabled={isBusy}>
      <legend>{text.modes}</legend>
      <label className="check">
        <input
          type="checkbox"
          role="switch"
          checked={settings.enabled}
          disabled={!canManage}
          onChange={() => save({ enabled: !settings.enabled })}
        />{' '}
        {text.enabled}
      </label>
      {(settings.enabled || settings.event !== null) && (
        <>
          {switches.map((name) => (
            <label key={name} className="check">
              <input type="checkbox" role="switch" checked={settings[name]} onChange={() =>
                save({ [name]: !settings[name] })} /> {text[name]}
            </label>
          ))}
          <label className="chat-slow">
            {text.slow}{' '}
            <select value={seconds} onChange={(event) => save({ slowSeconds: Number(event.currentTarget.value) })}>
              {options.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
      {settings.event !== null && <p className="field-hint">{text.ofEvent[settings.event.chat]?.(settings.event.title)}</p>}
      <p className="field-error" role="alert">
        {error}
      </p>
    </fieldset>
  );
}
