import { execFile, execFileSync, type ExecFileException, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** Where it is built, with everything that the build writes. */
  readonly house: string;
  build(): void;
  remove(): void;
  /** Runs the built program with nothing on stdin. */
  run(cwd: string, argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  start(cwd: string, argv: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
}

/** The program as it is published, built into a directory of its own. */
export function program(): Program {
  const house = mkdtempSync(join(tmpdir(), 'longshore-bin-'));
  const file = join(house, 'bin/run.js');
  const environment = (env: Readonly<Record<string, string>> = {}) => ({ PATH: process.env['PATH'], ...env });
  return {
    house,
    build() {
      cpSync(join(project, 'bin'), join(house, 'bin'), { recursive: true });
      cpSync(join(project, 'package.json'), join(house, 'package.json'));
      symlinkSync(join(project, 'node_modules'), join(house, 'node_modules'));
      execFileSync(process.execPath, ['build.mjs', '--into', house], { cwd: project });
    },
    remove: () => rmSync(house, { recursive: true }),
    run: (cwd, argv, env) =>
      new Promise((resolve) => {
        const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
          resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
        execFile(process.execPath, [file, ...argv], { cwd, env: environment(env) }, done);
      }),
    start: (cwd, argv, env) =>
      spawn(process.execPath, [file, ...argv], { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}
