import { useState } from 'react';
import { adminText } from '../text';
import { Field } from './Dialog';

/** The option for custom rungs; it is not one of the server's ladders. */
const customRungs = 'custom';

interface LadderFieldProps {
  /** Names of the server's ladders. */
  ladders: string[];
  /** The server's validation error. */
  error?: string;
  /** The initial option; `custom` shows an input for rungs. */
  initial?: string;
  /** Initial value of the rungs input. */
  rungs?: string;
}

/** Selects a ladder by name, or custom rungs. Both are submitted as `ladder`; the server validates the rungs. */
export function LadderField({ ladders, error, initial = 'auto', rungs }: LadderFieldProps) {
  const [choice, setChoice] = useState(initial);
  const text = adminText.newChannel;
  const isCustom = choice === customRungs;

  return (
    <>
      <Field
        label={text.ladder}
        name={isCustom ? 'ladder-choice' : 'ladder'}
        hint={text.ladderHints[choice]}
        error={isCustom ? undefined : error}
      >
        {(props) => (
          <select {...props} value={choice} onChange={(event) => setChoice(event.currentTarget.value)}>
            {[...ladders, customRungs].map((name) => (
              <option key={name} value={name}>
                {text.ladders[name] ?? name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {isCustom && (
        <Field label={text.rungs} name="ladder" hint={text.rungsHint} error={error}>
          {(props) => (
            <input
              {...props}
              required
              defaultValue={rungs}
              maxLength={200}
              placeholder={text.rungsExample}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
        </Field>
      )}
    </>
  );
}
