#!/usr/bin/env node
// npm run chaos: every case on real machines, then the table in docs/chaos.md. SANDBOX_SETS='1 2 3' plays the files side by side.
// CHAOS_ROWS=FOLDER keeps each file's rows there, so that one that was broken off is played alone (`npm run chaos -- FILE`), and all are shown.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const kept = process.env.CHAOS_ROWS;
const rowsFolder = kept ?? mkdtempSync(join(tmpdir(), 'longshore-chaos-rows-'));
const started = new Date();
const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', '--project', 'chaos', ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CHAOS_ROWS: rowsFolder },
});
const rows = readdirSync(rowsFolder)
  .sort((a, b) => Number(a.startsWith('control')) - Number(b.startsWith('control')))
  .flatMap((file) => JSON.parse(readFileSync(join(rowsFolder, file), 'utf8')));
if (kept === undefined) rmSync(rowsFolder, { recursive: true });

const columns = [
  ['fault', (row) => row.fault],
  ['when', (row) => row.moment],
  ['exit', (row) => row.ended],
  ['requests lost', (row) => (row.lostOnKilled > 0 ? `${row.lost} (+${row.lostOnKilled} there)` : String(row.lost))],
  ['jobs lost', (row) => String(row.jobsLost)],
  ['jobs twice', (row) => String(row.jobsDoubled)],
  ['released', (row) => String(row.released)],
  ['dal-01, chi-02 then', (row) => row.versions],
  ['should not run', (row) => row.extra],
  ['lock held', (row) => (row.lockSeconds === undefined ? 'none' : `${Math.round(row.lockSeconds)} s`)],
  ['repeated', (row) => row.repeated],
];
const table = [
  columns.map(([name]) => name),
  columns.map(() => '---'),
  ...rows.map((row) => columns.map(([, cell]) => cell(row))),
];
const empty = table.flat().filter((cell) => typeof cell !== 'string' || cell.trim() === '').length;
const text = table
  .map((cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
  .join('\n');
process.stdout.write(`${text}\n`);

const page = join(root, 'docs/chaos.md');
const [head] = readFileSync(page, 'utf8').split('<!-- the table -->');
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
const when = `${rows.length} cases on ${started.toISOString().slice(0, 10)}, commit ${commit}, in ${Math.round((Date.now() - started) / 60_000)} minutes.`;
writeFileSync(page, `${head}<!-- the table -->\n\n${when}\n\n${text}\n`);
if (empty > 0) process.stderr.write(`${empty} cells are empty: nobody looked there\n`);
process.exit(status !== 0 || empty > 0 || rows.length === 0 ? 1 : 0);
