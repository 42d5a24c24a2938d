// Generates src/admin/settings/thirdParty.json: third-party software that is distributed or executed, with licenses.
// Run `npm ci` and `dotnet restore host` first.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Programs that are installed separately from the server; their versions depend on the machine. */
const beside = [
  {
    name: 'FFmpeg',
    version: '',
    licence: 'LGPL-2.1-or-later or GPL-2.0-or-later, as it was built',
    copyright: 'the FFmpeg developers',
    home: 'https://ffmpeg.org',
    part: 'beside',
  },
  {
    name: 'PostgreSQL',
    version: '',
    licence: 'PostgreSQL',
    copyright: 'The PostgreSQL Global Development Group',
    home: 'https://www.postgresql.org',
    part: 'beside',
  },
  {
    name: '.NET and ASP.NET Core',
    version: '',
    licence: 'MIT',
    copyright: '.NET Foundation and Contributors',
    home: 'https://dotnet.microsoft.com',
    part: 'beside',
  },
];

/** Names and versions of the production packages in npm's lock file. */
export function pagePackages(lock) {
  return Object.entries(lock.packages)
    .filter(
      ([path, entry]) => path.startsWith('node_modules/') && entry.dev !== true && entry.devOptional !== true && entry.optional !== true,
    )
    .map(([path, entry]) => ({ name: path.slice('node_modules/'.length), version: entry.version }));
}

/** Names and versions of the restored NuGet packages that contain runtime files. */
export function serverPackages(assets) {
  const [target] = Object.values(assets.targets);
  return Object.entries(target)
    .filter(
      ([, entry]) =>
        entry.type === 'package' &&
        [entry.runtime, entry.runtimeTargets, entry.native].some((files) => Object.keys(files ?? {}).some((file) => !file.endsWith('_._'))),
    )
    .map(([id]) => ({ name: id.split('/')[0], version: id.split('/')[1] }));
}

function ofPage({ name, version }) {
  const folder = here(`../node_modules/${name}`);
  const manifest = json(`${folder}/package.json`);
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].map((one) => `${folder}/${one}`).find((one) => existsSync(one));
  const line = file === undefined ? undefined : /^\s*Copyright.*$/m.exec(readFileSync(file, 'utf8'))?.[0];
  const author = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name;
  const repository = typeof manifest.repository === 'string' ? manifest.repository : manifest.repository?.url;
  return {
    name,
    version,
    licence: manifest.license,
    copyright: plain(line ?? author ?? ''),
    home: manifest.homepage ?? address(repository ?? ''),
    part: 'pages',
  };
}

function ofServer({ name, version }, folders) {
  const id = name.toLowerCase();
  const path = folders.map((folder) => `${folder}/${id}/${version.toLowerCase()}/${id}.nuspec`).find((one) => existsSync(one));
  if (path === undefined) throw new Error(`${name} ${version} is not installed: dotnet restore host`);
  const text = readFileSync(path, 'utf8');
  const of = (tag) => new RegExp(`<${tag}[^>]*>([^<]*)</${tag}>`).exec(text)?.[1]?.trim() ?? '';
  const licence = /<license type="expression">([^<]+)</.exec(text)?.[1] ?? of('licenseUrl');
  return {
    name,
    version,
    licence,
    copyright: plain(of('copyright') || of('authors')),
    home: of('projectUrl') || `https://www.nuget.org/packages/${name}`,
    part: 'server',
  };
}

const plain = (text) =>
  text
    .replaceAll('&#xA9;', '©')
    .replaceAll('&amp;', '&')
    .replace(/^\s*(Copyright\s*)?(\([cC]\)|©)?\s*/, '')
    .replace(/\s+/g, ' ')
    .trim();
const address = (text) =>
  text
    .replace(/^git\+/, '')
    .replace(/^git:/, 'https:')
    .replace(/\.git$/, '');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const assets = json(process.argv[2] ?? here('../../host/obj/project.assets.json'));
  const folders = [...Object.keys(assets.packageFolders ?? {}), `${homedir()}/.nuget/packages`];
  const works = [
    ...serverPackages(assets).map((one) => ofServer(one, folders)),
    ...pagePackages(json(here('../package-lock.json'))).map(ofPage),
    ...beside,
  ];
  const missing = works.filter((work) => !work.licence);
  if (missing.length > 0) throw new Error(`No license found for ${missing.map((work) => work.name).join(', ')}.`);
  works.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  writeFileSync(here('../src/admin/settings/thirdParty.json'), `[\n${works.map((work) => ` ${JSON.stringify(work)}`).join(',\n')}\n]\n`);
}
