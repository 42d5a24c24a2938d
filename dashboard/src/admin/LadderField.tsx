import { useState } from 'react';
import { adminText } from '../text';
import { Field } from './Dialog';

/** The choice that is no ladder of the server's: rungs as somebody writes them. */
const ownRungs = 'own';

interface LadderFieldProps {
  /** Ladders by name, as the server has them. */
  ladders: string[];
  /** What the server has against what was sent. */
  mistake?: string;
  /** What is chosen first; `own` for a line to write rungs in. */
  initial?: string;
  /** Rungs to begin with. */
  rungs?: string;
}

/** Asks for a ladder: one by name, or rungs. What is sent is the form's member `ladder`; the server alone knows what rungs may be. */
export function LadderField({ ladders, mistake, initial = 'passthrough', rungs }: LadderFieldProps) {
  const [choice, setChoice] = useState(initial);
  const text = adminText.newChannel;
  const isOwn = choice === ownRungs;

  return (
    <>
      <Field label={text.ladder} name={isOwn ? 'ladder-choice' : 'ladder'} hint={text.ladderHints[choice]} mistake={isOwn ? undefined : mistake}>
        {(props) => (
          <select {...props} value={choice} onChange={(event) => setChoice(event.currentTarget.value)}>
            {[...ladders, ownRungs].map((name) => (
              <option key={name} value={name}>
                {text.ladders[name] ?? name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {isOwn && (
        <Field label={text.rungs} name="ladder" hint={text.rungsHint} mistake={mistake}>
          {(props) => <input {...props} required defaultValue={rungs} maxLength={200} placeholder={text.rungsExample} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
        </Field>
      )}
    </>
  );
}
