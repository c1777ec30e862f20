import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import type { Event } from '../../src/execute/events.ts';
import { sandboxOfWorker } from '../sandbox/sets.ts';

/** What `sandbox env` says of the machines that this file has for itself. */
export const sandbox = sandboxOfWorker();

/** A run of the real command line that has ended. */
export interface Ended {
  /** 128 + signal number where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a terminal would show them. */
  readonly output: string;
  readonly seconds: number;
  /** Of `--json`. */
  readonly events: readonly TimedEvent[];
}

export type TimedEvent = Event & { readonly at: string };

export interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** Called for each event of `--json`, as soon as it is read. */
  readonly onEvent?: (event: TimedEvent, child: ChildProcess) => void;
}

export interface Project {
  readonly directory: string;
  /** Commits these files over those that are there. @returns the sha, which is the version */
  commit(message: string, changes?: Changes): string;
  /** Runs the real command line in the project until it ends; words in a list may hold spaces. */
  longshore(words: string | readonly string[], options?: Options): Promise<Ended>;
  /** The same for what has to end well. @throws with all that it said when its status is not 0 */
  succeeds(words: string | readonly string[], options?: Options): Promise<Ended>;
  remove(): void;
}

/** By path: the new text, what to make of the old one, or null to remove the file. */
export type Changes = Readonly<Record<string, string | ((old: string) => string) | null>>;

const root = join(import.meta.dirname, '../..');

/** A git repository of its own with a copy of the app, in which every variable that the apps read is set. */
export function makeProject(app: 'examples/hello' | 'test/apps/small', changes: Changes = {}): Project {
  const parent = mkdtempSync(join(tmpdir(), 'longshore-project-'));
  const directory = join(parent, 'app');
  mkdirSync(join(parent, 'tmp'));
  cpSync(join(root, app), directory, { recursive: true });
  if (app === 'test/apps/small') addProgram(directory);
  git(directory, 'init', '--quiet', '--initial-branch=main');
  const project = projectIn(parent, {
    REGISTRY_PASSWORD: sandbox['REGISTRY_PASSWORD'] ?? '',
    HELLO_SECRET_KEY: 'hello-key',
    SMALL_SECRET_KEY: 'small-key',
  });
  const sshConfig = sandbox['SANDBOX_SSH_CONFIG'] ?? '';
  change(directory, {
    'config/deploy.yml': (text) =>
      text.replace('~/.local/state/longshore/sandbox/ssh_config', sshConfig).replace('SANDBOX_SSH_CONFIG', sshConfig),
  });
  project.commit('First version', changes);
  return project;
}

/** What lies in `app` of this folder, a git repository, with these variables set. */
export function projectIn(parent: string, variables: Readonly<Record<string, string>>): Project {
  const directory = join(parent, 'app');
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: homedir(),
    TMPDIR: join(parent, 'tmp'),
    ...(sandbox['SANDBOX_DOCKER_CONFIG'] ? { DOCKER_CONFIG: sandbox['SANDBOX_DOCKER_CONFIG'] } : {}),
    ...variables,
  };
  const longshore: Project['longshore'] = (words, options = {}) =>
    run(typeof words === 'string' ? words.split(' ') : words, {
      cwd: directory,
      env: { ...env, ...options.env },
      options,
    });
  return {
    directory,
    longshore,
    async succeeds(words, options) {
      const ended = await longshore(words, options);
      if (ended.status !== 0) throw new Error(`${String(words)} ended with ${ended.status}:\n${ended.output}`);
      return ended;
    },
    commit(message, files = {}) {
      change(directory, files);
      git(directory, 'add', '--all');
      git(directory, 'commit', '--quiet', '--allow-empty', '--message', `${message}\n\n${parent}`);
      return git(directory, 'rev-parse', 'HEAD');
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

function git(directory: string, ...words: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=Tess', '-c', 'user.email=tess@example.com', ...words], {
    cwd: directory,
    encoding: 'utf8',
  }).trim();
}

/** `web.js: (text) => …` that adds lines before the app's own. */
export function first(lines: string): (old: string) => string {
  return (old) => `${lines}\n${old}`;
}

function change(directory: string, changes: Changes): void {
  for (const [path, content] of Object.entries(changes)) {
    const file = join(directory, path);
    if (content === null) {
      rmSync(file);
      continue;
    }
    mkdirSync(dirname(file), { recursive: true });
    const isConfig = path.startsWith('config/');
    const old = () => (isConfig ? onFirstSet(readFileSync(file, 'utf8')) : readFileSync(file, 'utf8'));
    const text = typeof content === 'string' ? content : content(old());
    writeFileSync(file, isConfig ? onOwnSet(text) : text);
    if (path.startsWith('.kamal/hooks/')) execFileSync('chmod', ['755', file]);
  }
}

const tailnet = sandbox['DAL_01']?.replace(/\d+$/, '') ?? '';
const firstTailnet = '100.64.77.';

/** Config files are written and changed as if there were only the first set of machines. */
const onOwnSet = (text: string) => text.replaceAll(firstTailnet, tailnet);
const onFirstSet = (text: string) => text.replaceAll(tailnet, firstTailnet);

/** Built once by the box's go, whose cache makes the second time fast. */
function addProgram(directory: string): void {
  execFileSync('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', join(directory, 'small'), '.'], {
    cwd: join(root, 'test/apps/small'),
    env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux' },
  });
  rmSync(join(directory, '.gitignore'));
}

interface Running {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly options: Options;
}

function run(words: readonly string[], { cwd, env, options }: Running): Promise<Ended> {
  const started = Date.now();
  const child = spawn(process.execPath, [join(inject('longshore'), 'bin/run.js'), ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '', output: '' };
  const events: TimedEvent[] = [];
  let line = '';
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      text.output += chunk;
      if (name !== 'stderr' || !words.includes('--json')) return;
      const lines = (line + chunk).split('\n');
      line = lines.pop() ?? '';
      for (const event of lines.filter((one) => one.startsWith('{')).map((one) => JSON.parse(one) as TimedEvent)) {
        events.push(event);
        options.onEvent?.(event, child);
      }
    });
  }
  // Nothing here takes this long; what does hangs.
  const limit = setTimeout(() => child.kill('SIGKILL'), 240_000);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      const status = code ?? 128 + (signal === 'SIGKILL' ? 9 : signal === 'SIGTERM' ? 15 : 0);
      const seconds = (Date.now() - started) / 1000;
      writeSync(2, `    ${seconds.toFixed(1).padStart(5)} s  exit ${status}  longshore ${words.join(' ')}\n`);
      resolve({ ...text, status, seconds, events });
    });
  });
}
