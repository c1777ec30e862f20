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
  project.provide('longshore', into);
  return () => rmSync(into, { recursive: true, force: true });
}
