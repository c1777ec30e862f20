import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runSandbox, sets } from '../sandbox/sets.ts';

declare module 'vitest' {
  interface ProvidedContext {
    longshore: string;
  }
}

/** Builds Longshore beside the checkout, so that a build that somebody else starts meanwhile disturbs nothing; and the sandbox. */
export default function setUp(project: TestProject): () => void {
  const root = project.config.root;
  const into = mkdtempSync(join(tmpdir(), 'longshore-e2e-'));
  cpSync(join(root, 'bin'), join(into, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(into, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'));
  execFileSync('node', [join(root, 'build.mjs'), '--into', into], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  runSandbox('up', ...sets);
  if (isAskedFor('heatwave') || isAskedFor('chaos'))
    execFileSync(join(root, 'examples/heatwave/sandbox/sandbox'), ['images'], { stdio: 'inherit' });
  project.provide('longshore', into);
  return () => rmSync(into, { recursive: true, force: true });
}

/** Whether tests in files of this name are going to run: no file was named, or one of them. */
function isAskedFor(name: string): boolean {
  const files = process.argv.filter((word) => word.endsWith('.test.ts'));
  return files.length === 0 || files.some((file) => file.includes(name));
}
