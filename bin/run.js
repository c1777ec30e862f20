#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const argv = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const built = new URL('../dist/commands/frame/start.js', import.meta.url);

if (argv.length === 1 && argv[0] === '--version') {
  // Without oclif, which takes longer to load than all of this.
  const { name, version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  process.stdout.write(`${name} ${version}\n`);
} else if (existsSync(built)) {
  const { start } = await import(built.href);
  await start(argv, root);
} else {
  process.stderr.write('error: Longshore is not built yet\n→ npm install && npm run build\n');
  process.exitCode = 2;
}
