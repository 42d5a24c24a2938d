import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The custom properties of a declaration block. */
const tokens = (block: string) => new Map([...block.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name = '', value = '']) => [name, value]));
const block = (css: string, head: RegExp) => tokens(new RegExp(`${head.source}\\s*\\{([^}]*)\\}`).exec(css)?.[1] ?? '');

const stage = block(read('src/theme.css'), /:root,\s*\.stage/);
const dark = new Map([...stage, ...block(read('src/colors.css'), /:root/)]);
const light = new Map([...dark, ...block(read('src/colors.css'), /:root:root:not\(\[data-theme='dark'\]\)/)]);

/** Relative luminance (WCAG) of `#rgb` or `#rrggbb`. */
function luminance(color: string): number {
  const digits = color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join('') : color.slice(1);
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(digits.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

describe('the page around the player', () => {
  test.each([
    ['dark', dark],
    ['light', light],
  ] as const)('is readable in %s', (_, colors) => {
    const value = (name: string) => {
      const found = colors.get(`--${name}`) ?? '';
      return found.startsWith('var(') ? (colors.get(found.slice(4, -1)) ?? '') : found;
    };
    for (const text of ['ink', 'quiet', 'warn', 'accent', 'good', 'error']) {
      for (const background of ['ground', 'raised'])
        expect(contrast(value(text), value(background)), `${text} on ${background}`).toBeGreaterThan(4.5);
    }
    expect(contrast(value('quiet'), value('pill')), 'a pill').toBeGreaterThan(4.5);
    expect(contrast(value('on-live'), value('live')), 'a pill of what is live').toBeGreaterThan(4.5);
    expect(contrast(value('ground'), value('ink')), 'a button').toBeGreaterThan(4.5);
    expect(contrast(value('ground'), value('ink-hover')), 'a button under the pointer').toBeGreaterThan(4.5);
  });

  test.each(['watch.html', 'event.html', 'dashboard.html'])('%s has the user’s color scheme before scripts run', (page) => {
    const html = read(page);
    expect(html).toContain('<meta name="color-scheme" content="dark light" />');
    expect(html).toContain(`<meta name="theme-color" content="${dark.get('--ground')}" media="(prefers-color-scheme: dark)" />`);
    expect(html).toContain(`<meta name="theme-color" content="${light.get('--ground')}" media="(prefers-color-scheme: light)" />`);
  });
});

describe('the stage', () => {
  test('stays dark: it uses no themed color', () => {
    const used = ['player', 'watch', 'event'].flatMap((folder) =>
      readdirSync(new URL(`../src/${folder}`, import.meta.url))
        .filter((name) => name.endsWith('.css'))
        .map((name) => read(`src/${folder}/${name}`)),
    );
    const names = new Set(used.flatMap((css) => [...css.matchAll(/var\((--[\w-]+)/g)].map(([, name = '']) => name)));
    const changing = [...names].filter((name) => light.get(name) !== dark.get(name));
    expect(changing.length).toBeGreaterThan(3);
    expect(changing.filter((name) => !stage.has(name))).toEqual([]);
  });

  test.each(['embed.html', 'embedEvent.html'])('%s is always dark', (page) =>
    expect(read(page)).toContain('<meta name="color-scheme" content="dark" />'),
  );
  test('the event embed is marked before scripts run', () =>
    expect(read('embedEvent.html')).toMatch(/<html [^>]*data-theme="dark" data-embedded="true"/));
});
