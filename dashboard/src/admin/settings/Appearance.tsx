import { useState } from 'react';
import { adminText } from '../../text';
import { chooseTheme, storedTheme, type Theme, themes } from '../theme';

/** Selects the theme; applies immediately. */
export function Appearance() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const text = adminText.settings.appearance;
  return (
    <section className="block">
      <h2>{adminText.settings.sections.appearance}</h2>
      <fieldset className="checks">
        <legend>{text.theme}</legend>
        {themes.map((name) => (
          <label key={name} className="check">
            <input
              type="radio"
              name="theme"
              value={name}
              checked={theme === name}
              onChange={() => {
                setTheme(name);
                chooseTheme(name);
              }}
            />
            {text.themes[name]}
          </label>
        ))}
      </fieldset>
      <p className="field-hint">{text.hint}</p>
    </section>
  );
}
