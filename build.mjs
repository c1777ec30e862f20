// Bundles src into dist, so that the package brings everything but @1password/sdk and starts fast; then writes
// oclif.manifest.json, THIRD-PARTY-LICENSES.txt, docs/commands.md and docs/configuration.md. `--into DIR` writes it all there instead.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const project = dirname(fileURLToPath(import.meta.url));

/**
 * Packages that are loaded at once and never used: dockerode needs the first three to build images, which Longshore leaves
 * to buildx, and oclif needs the last to find commands without a manifest.
 */
const leftOut = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tinyglobby'];

/** CommonJS packages use these, and ES modules do not have them. */
const banner = [
  "import { createRequire as longshoreRequire } from 'node:module';",
  "import { fileURLToPath as longshorePath } from 'node:url';",
  'const require = longshoreRequire(import.meta.url);',
  'const __filename = longshorePath(import.meta.url);',
  "const __dirname = longshorePath(new URL('.', import.meta.url));",
].join('\n');

/** @returns esbuild's account of what went in, and where to */
export async function bundle(into = project) {
  const { metafile } = await build({
    absWorkingDir: project,
    entryPoints: entryPoints(),
    outbase: 'src',
    outdir: join(into, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: ['@1password/sdk', 'cpu-features', '*.node', 'typescript', 'ts-node', 'tsx'],
    banner: { js: banner },
    plugins: [{ name: 'left-out', setup: leaveOut }],
    metafile: true,
    logLevel: 'warning',
  });
  for (const file of Object.keys(metafile.outputs)) withoutIdleBanner(resolve(project, file));
  removeOthers(join(into, 'dist'), new Set(Object.keys(metafile.outputs).map((file) => resolve(project, file))));
  await writeManifest(into);
  return metafile;
}

/** Most files use nothing of the banner, and each would take its time. */
function withoutIdleBanner(file) {
  const text = readFileSync(file, 'utf8');
  const rest = text.slice(banner.length);
  if (text.startsWith(banner) && !/\b(?:require|__filename|__dirname)\b/.test(rest))
    writeFileSync(file, rest.trimStart());
}

/** Afterwards, so that a command started meanwhile finds one build or the other. */
function removeOthers(directory, outputs) {
  for (const file of readdirSync(directory, { recursive: true }).map((name) => join(directory, name))) {
    if (statSync(file).isFile() && !outputs.has(resolve(file))) rmSync(file);
  }
}

function leaveOut({ onResolve, onLoad }) {
  onResolve({ filter: new RegExp(`^(${leftOut.join('|')})$`) }, ({ path }) => ({ path, namespace: 'left-out' }));
  onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {}' }));
}

/** The commands, what bin/run.js starts, and what writes the generated pages of docs. */
function entryPoints() {
  const frame = ['src/commands/frame/start.ts', 'src/commands/frame/page.ts', 'src/config/document.ts'];
  const commands = readdirSync(join(project, 'src/commands'), { recursive: true })
    .map((file) => join('src/commands', file))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/commands/frame/'));
  return [...frame, ...commands];
}

/** What oclif's own command-line tool would write, without its 30 MB. */
async function writeManifest(into) {
  const { Plugin, settings } = await import('@oclif/core');
  settings.enableAutoTranspile = false;
  const plugin = new Plugin({ root: into, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync(join(into, 'oclif.manifest.json'), JSON.stringify(plugin.manifest));
}

function writeNotices(into, metafile) {
  const packages = new Map();
  for (const file of Object.keys(metafile.inputs)) {
    const root = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.split(sep).join('/'))?.[1];
    if (root !== undefined) packages.set(root, JSON.parse(readFileSync(join(project, root, 'package.json'), 'utf8')));
  }
  const notices = [...packages]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([root, { name, version, license }]) => {
      const file = readdirSync(join(project, root)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(project, root, file), 'utf8').trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
  const head = 'Longshore contains the following packages.\n';
  writeFileSync(join(into, 'THIRD-PARTY-LICENSES.txt'), [head, ...notices].join(`\n${'-'.repeat(80)}\n\n`));
}

async function writePages(into) {
  const load = (file) => import(pathToFileURL(join(into, 'dist', file)).href);
  const { commandsPage } = await load('commands/frame/page.js');
  const { configurationDoc } = await load('config/document.js');
  const { commands } = JSON.parse(readFileSync(join(into, 'oclif.manifest.json'), 'utf8'));
  mkdirSync(join(into, 'docs'), { recursive: true });
  writeFileSync(join(into, 'docs/commands.md'), commandsPage(Object.values(commands)));
  writeFileSync(join(into, 'docs/configuration.md'), configurationDoc());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const into = process.argv[2] === '--into' ? process.argv[3] : project;
  writeNotices(into, await bundle(into));
  await writePages(into);
  console.log(`built ${relative(process.cwd(), join(into, 'dist')) || 'dist'}`);
}
