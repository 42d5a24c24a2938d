import type { InputHTMLAttributes } from 'react';
import { Field } from './Dialog';

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'name'> {
  label: string;
  name: string;
  hint?: string;
  mistake?: string;
}

/** A line of text, or whatever else an input's type takes. */
export function TextField({ label, name, hint, mistake, ...input }: TextFieldProps) {
  return (
    <Field label={label} name={name} hint={hint} mistake={mistake}>
      {(props) => <input autoComplete="off" {...props} {...input} />}
    </Field>
  );
}

interface SelectFieldProps {
  label: string;
  name: string;
  hint?: string;
  mistake?: string;
  /** Words by the value that is sent. */
  options: readonly (readonly [value: string, words: string])[];
  initial?: string;
  /** Given where somebody else keeps what is chosen. */
  value?: string;
  onChoose?: (value: string) => void;
}

/** A choice of a few. */
export function SelectField({ label, name, hint, mistake, options, initial, value, onChoose }: SelectFieldProps) {
  return (
    <Field label={label} name={name} hint={hint} mistake={mistake}>
      {(props) => (
        <select {...props} defaultValue={value === undefined ? initial : undefined} value={value} onChange={(event) => onChoose?.(event.currentTarget.value)}>
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface ChecksProps {
  legend: string;
  name: string;
  hint?: string;
  mistake?: string;
  options: readonly (readonly [value: string, words: string])[];
  chosen?: readonly string[];
}

/** Any of several; what is checked is sent under one name. */
export function Checks({ legend, name, hint, mistake, options, chosen = [] }: ChecksProps) {
  return (
    <fieldset className="checks">
      <legend>{legend}</legend>
      {options.map(([value, words]) => (
        <label key={value} className="check">
          <input type="checkbox" name={name} value={value} defaultChecked={chosen.includes(value)} /> {words}
        </label>
      ))}
      {(mistake ?? hint) && (
        <p className={mistake ? 'field-mistake' : 'field-hint'} role={mistake ? 'alert' : undefined}>
          {mistake ?? hint}
        </p>
      )}
    </fieldset>
  );
}
