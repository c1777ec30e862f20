import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stampFunction } from '../../src/hosts/roster.ts';
import { isWakingScript, watchScript } from '../../src/hosts/watch-scripts.ts';

/** What stands on a machine, by this box's own shell and an engine that only writes down what it is told. */

let place: string;
let standing: ChildProcessWithoutNullStreams | undefined;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'longshore-watch-'));
  mkdirSync(join(place, 'watched'));
  write(
    'engine',
    `#!/bin/sh
if [ -e '${place}/down' ]; then rm '${place}/down'; exit 1; fi
case $1 in
inspect) cat '${place}/running' ;;
restart) [ ! -e '${place}/broken' ] || exit 1; echo "$*" >>'${place}/told' ;;
ps) cat '${place}/others-'"\${3#status=}" 2>/dev/null ;;
*) echo "$*" >>'${place}/told' ;;
esac
exit 0
`,
  );
  chmodSync(join(place, 'engine'), 0o755);
  write('running', 'true\n');
});
afterEach(() => {
  standing?.kill('SIGKILL');
  rmSync(place, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(place, name), text);
}

function watched(name: string, state: 'quiet' | 'working', destination = ''): void {
  write(`watched/${name}`, `${state}\n7\nshop\nworker\n${destination}\n`);
}

async function stand(PATH = process.env['PATH']): Promise<ChildProcessWithoutNullStreams> {
  const script = watchScript(join(place, 'engine'), {
    directory: join(place, 'watched'),
    token: 'mine',
    silenceSeconds: 1,
  });
  const child = spawn('/bin/sh', ['-c', script], { env: { PATH } });
  standing = child;
  await new Promise<void>((resolve) => void child.stdout.once('data', () => resolve()));
  return child;
}

async function toldAfter(child: ChildProcessWithoutNullStreams): Promise<string[]> {
  if (child.exitCode === null) await new Promise((resolve) => void child.once('exit', resolve));
  try {
    return readFileSync(join(place, 'told'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

test('restarts its own quiet containers when its stdin ends, and nobody else’s', async () => {
  watched('one.quiet.mine', 'quiet');
  watched('two.quiet.theirs', 'quiet');
  watched('three.working.mine', 'working');
  const child = await stand();
  child.stdin.end();
  expect(await toldAfter(child)).toEqual(['restart -t 7 one']);
  expect(readdirSync(join(place, 'watched'))).toEqual(['two.quiet.theirs']);
});

test('stands while it hears something, and acts when it hears nothing for its time', async () => {
  watched('one.quiet.mine', 'quiet');
  const child = await stand();
  const beat = setInterval(() => child.stdin.write('alive\n'), 200);
  await new Promise((resolve) => void setTimeout(resolve, 2500));
  expect(child.exitCode).toBeNull();
  clearInterval(beat);
  const silent = Date.now();
  expect(await toldAfter(child)).toEqual(['restart -t 7 one']);
  expect(Date.now() - silent).toBeGreaterThan(500);
});

test('is ended by no signal of a session that closes', async () => {
  watched('one.quiet.mine', 'quiet');
  const child = await stand();
  const beat = setInterval(() => child.stdin.write('alive\n'), 200);
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) child.kill(signal);
  await new Promise((resolve) => void setTimeout(resolve, 1500));
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  clearInterval(beat);
  child.stdin.end();
  expect(await toldAfter(child)).toEqual(['restart -t 7 one']);
});

test('does without a program that limits time', async () => {
  mkdirSync(join(place, 'bin'));
  for (const name of ['cat', 'cut', 'grep', 'mv', 'ls', 'rm', 'sleep', 'sh']) {
    write(`bin/${name}`, `#!/bin/sh\nPATH='${process.env['PATH']}' exec ${name} "$@"\n`);
    chmodSync(join(place, 'bin', name), 0o755);
  }
  watched('one.quiet.mine', 'quiet');
  const child = await stand(join(place, 'bin'));
  await new Promise((resolve) => void setTimeout(resolve, 1500));
  expect(child.exitCode).toBeNull();
  child.stdin.end();
  expect(await toldAfter(child)).toEqual(['restart -t 7 one']);
});

test('starts what has stopped, unless another one of its destination does its work', async () => {
  write('running', 'false\n');
  write('others-running', 'abc .\nabd other.\n');
  watched('one.working.mine', 'working', 'staging');
  const alone = await stand();
  alone.stdin.end();
  expect(await toldAfter(alone)).toEqual(['start one']);
  write('told', '');
  write('others-running', 'abe staging.\n');
  write('watched/one.working.mine', 'working\n-4\nshop\nworker\nstaging\n');
  const beside = await stand();
  beside.stdin.end();
  expect(await toldAfter(beside)).toEqual(['']);
});

test('takes up what a hand-over that was in flight gives back', async () => {
  watched('one.taken', 'quiet');
  const child = await stand();
  child.stdin.end();
  await new Promise((resolve) => void setTimeout(resolve, 500));
  renameSync(join(place, 'watched/one.taken'), join(place, 'watched/one.quiet.mine'));
  expect(await toldAfter(child)).toEqual(['restart -t 7 one']);
});

test('takes the place of one that never stays up', async () => {
  write('running', 'false\n');
  write('others-restarting', 'abc .\n');
  watched('one.working.mine', 'working');
  const child = await stand();
  child.stdin.end();
  expect(await toldAfter(child)).toEqual(['stop abc', 'start one']);
});

test('asks again while the engine is away', async () => {
  write('down', '');
  watched('one.quiet.mine', 'quiet');
  const child = await stand();
  child.stdin.end();
  expect((await toldAfter(child)).filter((line) => line !== 'version')).toEqual(['restart -t 7 one']);
});

test('gives back what it cannot put to work, so that nobody waits for it', async () => {
  mkdirSync(join(place, 'bin'));
  write('bin/sleep', '#!/bin/sh\nexec /bin/sleep 0.01\n');
  chmodSync(join(place, 'bin/sleep'), 0o755);
  watched('one.quiet.mine', 'quiet');
  write('broken', '');
  const child = await stand(`${join(place, 'bin')}:${process.env['PATH']}`);
  child.stdin.end();
  expect(await toldAfter(child)).toEqual([]);
  expect(readdirSync(join(place, 'watched'))).toEqual(['one.quiet.mine']);
});

test('a container is being put back to work for as long as the process that says so lives, also where another one has its number', () => {
  const look = () =>
    execFileSync('/bin/sh', ['-c', isWakingScript('false', join(place, 'watched'))])
      .toString()
      .trim();
  expect(look()).toBe('idle');
  watched('c1.waking', 'quiet');
  const own = execFileSync('/bin/sh', ['-c', `${stampFunction}\nstamp ${process.pid}`])
    .toString()
    .trim();
  write('watched/.c1.busy', `${process.pid} ${own}\n`);
  expect(look()).toBe('waking');
  write('watched/.c1.busy', `${process.pid} ${Number(own) - 1}\n`);
  expect(look()).toBe('idle');
  rmSync(join(place, 'watched/.c1.busy'));
  const started = Date.now();
  expect(look()).toBe('idle');
  // It was given a moment to say so.
  expect(Date.now() - started).toBeGreaterThan(1500);
});
