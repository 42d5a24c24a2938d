import type { InputHTMLAttributes } from 'react';
import { Field } from './Dialog';

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'name'> {
  label: string;
  name: string;
  hint?: string;
  error?: string;
}

/** A labeled `input` of any type. */
export function TextField({ label, name, hint, error, ...input }: TextFieldProps) {
  return (
    <Field label={label} name={name} hint={hint} error={error}>
      {(props) => <input autoComplete="off" {...props} {...input} />}
    </Field>
  );
}

interface SelectFieldProps {
  label: string;
  name: string;
  hint?: string;
  error?: string;
  /** Labels by submitted value. */
  options: readonly (readonly [value: string, label: string])[];
  initial?: string;
  /** Set for controlled use. */
  value?: string;
  onChange?: (value: string) => void;
}

/** A labeled `select`. */
export function SelectField({ label, name, hint, error, options, initial, value, onChange }: SelectFieldProps) {
  return (
    <Field label={label} name={name} hint={hint} error={error}>
      {(props) => (
        <select
          {...props}
          defaultValue={value === undefined ? initial : undefined}
          value={value}
          onChange={(event) => onChange?.(event.currentTarget.value)}
        >
          {options.map(([option, optionLabel]) => (
            <option key={option} value={option}>
              {optionLabel}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckboxGroupProps {
  legend: string;
  name: string;
  hint?: string;
  error?: string;
  options: readonly (readonly [value: string, label: string])[];
  initial?: readonly string[];
}

/** A group of checkboxes that are submitted under one name. */
export function CheckboxGroup({ legend, name, hint, error, options, initial = [] }: CheckboxGroupProps) {
  return (
    <fieldset className="checks">
      <legend>{legend}</legend>
      {options.map(([value, label]) => (
        <label key={value} className="check">
          <input type="checkbox" name={name} value={value} defaultChecked={initial.includes(value)} /> {label}
        </label>
      ))}
      {(error ?? hint) && (
        <p className={error ? 'field-error' : 'field-hint'} role={error ? 'alert' : undefined}>
          {error ?? hint}
        </p>
      )}
    </fieldset>
  );
}
