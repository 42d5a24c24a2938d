import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ThirdPartyWork, ThirdPartyList } from '../src/admin/settings/About';
import { createQrModules, qrPath } from '../src/admin/settings/qr';
import { QrImage } from '../src/admin/settings/QrCode';
import { TestResult } from '../src/admin/settings/Storage';
import works from '../src/admin/settings/thirdParty.json';
import { applyTheme, chooseTheme, storedTheme } from '../src/admin/theme';
import { adminText } from '../src/text';
// @ts-expect-error The script has no types.
import { pagePackages, serverPackages } from '../scripts/third-party.mjs';

const resolvePath = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const read = (path: string) => readFileSync(resolvePath(path), 'utf8');

afterEach(() => vi.unstubAllGlobals());

describe('third-party software (otherwise run: npm run third-party)', () => {
  const named = (part: string) => works.filter((work) => work.part === part).map(({ name, version }) => `${name} ${version}`);
  const listed = (found: { name: string; version: string }[]) => found.map(({ name, version }) => `${name} ${version}`).sort();
  test('of the pages matches the lock file', () =>
    expect(named('pages').sort()).toEqual(listed(pagePackages(JSON.parse(read('../package-lock.json'))))));
  test('of the server includes all packages of its projects', () => {
    const [, ...groups] = read('../../Directory.Packages.props').split('<ItemGroup Label="');
    const served = groups.filter((group) => !/^(tests|analyzers)"/.test(group)).join();
    const direct = [...served.matchAll(/Include="([^"]+)" Version="([^"]+)"/g)].map(([, name, version]) => `${name} ${version}`);
    expect(direct.length).toBeGreaterThan(5);
    expect(named('server')).toEqual(expect.arrayContaining(direct));
  });
  const assets = '../../host/obj/project.assets.json';
  test.skipIf(!existsSync(resolvePath(assets)))('of the server matches the restored packages', () =>
    expect(named('server').sort()).toEqual(listed(serverPackages(JSON.parse(read(assets))))),
  );
  test('has a license and a home page', () => {
    for (const work of works) {
      expect(work.licence, work.name).not.toBe('');
      expect(work.home, work.name).toMatch(/^https?:/);
    }
  });
  test('is listed by location', () => {
    const some: ThirdPartyWork[] = [
      { name: 'react', version: '19', licence: 'MIT', copyright: 'Meta', home: 'https://react.dev', part: 'pages' },
      { name: 'Npgsql', version: '10', licence: 'PostgreSQL', copyright: '', home: 'https://npgsql.org', part: 'server' },
    ];
    const html = renderToStaticMarkup(<ThirdPartyList software={some} />);
    expect(html).toMatch(/In the server.*Npgsql.*In the web pages.*react.*MIT · Meta/);
  });
});

describe('a QR code', () => {
  test('has finder patterns', async () => {
    const squares = await createQrModules('otpauth://totp/Broadcast:jane?secret=JBSWY3DPEHPK3PXP&issuer=Broadcast');
    // Versions have 21 modules and four more each. A corner begins with seven dark modules and a light one.
    expect((squares.length - 21) % 4).toBe(0);
    expect(squares[0]?.slice(0, 8)).toEqual([true, true, true, true, true, true, true, false]);
    expect(squares.every((line) => line.length === squares.length)).toBe(true);
  });
  test('is rendered as runs inside the quiet zone', () =>
    expect(
      qrPath([
        [true, true, false],
        [false, false, true],
      ]),
    ).toBe('M4 4h2v1H4zM6 5h1v1H6z'));
  test('is an image with a label, without inline styles', () => {
    const html = renderToStaticMarkup(<QrImage modules={[[true]]} label="The secret" />);
    expect(html).toContain('role="img" aria-label="The secret" viewBox="0 0 9 9"');
    expect(html).not.toContain('style=');
  });
});

describe('themes', () => {
  const page = () => {
    const metas = [
      { dataset: {} as Record<string, string>, media: '(prefers-color-scheme: dark)' },
      { dataset: {} as Record<string, string>, media: '(prefers-color-scheme: light)' },
    ];
    const documentElement = { dataset: {} as Record<string, string> };
    vi.stubGlobal('document', { documentElement, querySelectorAll: () => metas });
    return { metas, documentElement };
  };
  test('are applied, stored and reset', () => {
    const stored = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    });
    const { metas, documentElement } = page();
    chooseTheme('light');
    expect(storedTheme()).toBe('light');
    expect(documentElement.dataset.theme).toBe('light');
    expect(metas.map((meta) => meta.media)).toEqual(['not all', 'all']);
    chooseTheme('system');
    expect(stored.size).toBe(0);
    expect(documentElement.dataset).not.toHaveProperty('theme');
    expect(metas.map((meta) => meta.media)).toEqual(['(prefers-color-scheme: dark)', '(prefers-color-scheme: light)']);
  });
  test('default to the system’s if storage is unavailable', () => {
    vi.stubGlobal('localStorage', {
      getItem: () => {
        throw new Error('denied');
      },
    });
    expect(storedTheme()).toBe('system');
    const { documentElement } = page();
    applyTheme('dark');
    expect(documentElement.dataset.theme).toBe('dark');
  });
  test('are identical for system and selection', () => {
    const css = read('../src/colors.css');
    const values = (block: string) => (block.match(/--?[\w-]+: [^;]+;/g) ?? []).join('\n');
    const [, bySystem = ''] = /:not\(\[data-theme='dark'\]\) \{([^}]*)\}/.exec(css) ?? [];
    const [, byChoice = ''] = /:root:root\[data-theme='light'\] \{([^}]*)\}/.exec(css) ?? [];
    expect(values(bySystem)).toContain('--ground');
    expect(values(byChoice)).toBe(values(bySystem));
  });
});

test('a storage test shows each step, its duration and error', () => {
  const text = adminText.settings.storage;
  const result = {
    works: true,
    testedAt: '2030-01-01T12:00:00Z',
    kind: 'disk',
    location: '/data/objects',
    durationMilliseconds: 42,
    steps: [{ step: 'write', works: true, durationMilliseconds: 12, problem: null }],
  };
  expect(renderToStaticMarkup(<TestResult result={result} />)).toContain(text.works(42));
  const html = renderToStaticMarkup(
    <TestResult
      result={{
        ...result,
        works: false,
        steps: [...result.steps, { step: 'read', works: false, durationMilliseconds: 30, problem: 'The key may not read.' }],
      }}
    />,
  );
  for (const expectedText of [text.notWorking, text.duration(12), 'The key may not read.', text.failed])
    expect(html).toContain(expectedText);
});
