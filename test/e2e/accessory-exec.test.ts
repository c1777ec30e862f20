import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeProject, type Project, sandbox } from './harness.ts';
import { allNamed, chi, dal, emptyMachines, on } from './machines.ts';

let project: Project;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => `${text}
accessories:
  box:
    image: registry.test:5000/node:20
    hosts: [100.64.77.11, 100.64.77.12]
    cmd: node -e "console.log('begun'); setInterval(() => console.log('tick', Date.now()), 300)"
    env:
      clear: {PLAIN: "two  words"}
      secret: [SECRET_KEY]
    volumes: [box-data:/data]
`,
  });
  const boot = await project.longshore('accessory boot box');
  expect(boot, boot.output).toMatchObject({ status: 0 });
});

afterAll(() => project.remove());

interface Typed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line for a shell here; `onOutput` hears all that was said so far. */
function type(
  line: string,
  onOutput?: (all: string, keys: (text: string) => void, pid: number) => void,
): Promise<Typed> {
  const longshore = `${process.execPath} ${join(inject('longshore'), 'bin/run.js')}`;
  const child = spawn('sh', ['-c', line.replaceAll('LS', longshore)], {
    cwd: project.directory,
    env: {
      ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm', SHELL: '/bin/sh' },
      ...{ REGISTRY_PASSWORD: sandbox['REGISTRY_PASSWORD'], SMALL_SECRET_KEY: 'small-key' },
    },
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      onOutput?.(said.stdout, (keys) => child.stdin.write(keys), child.pid ?? 0);
    });
  }
  if (onOutput === undefined) child.stdin.end();
  return new Promise((resolve) => void child.once('close', (status) => resolve({ ...said, status })));
}

/** What runs in the accessory's container on the first machine. */
const processes = () => on(dal, `docker top small-box -eo pid,args`);

test('on both machines, words as they are, and the largest exit status', async () => {
  const { status, stdout, stderr } = await type(
    `LS accessory exec box --reuse -- sh -c 'echo "$1 in $PLAIN"; echo no >&2; exit 3' sh '$HOME  "it"'`,
  );
  expect({ status, stdout: stdout.split('\n').toSorted() }).toEqual({
    status: 3,
    stdout: ['', ...[dal, chi].map(({ address }) => `[${address}] $HOME  "it" in two  words`)],
  });
  expect(stderr.match(/\] no\n/g)).toHaveLength(2);
  expect(await on(dal, 'tail -n 1 /home/deploy/.kamal/small-audit.log')).toMatch(/Executed cmd '.*' on box accessory/);
});

test('one word is a line, for the shell of the container where it needs one', async () => {
  const { stdout } = await type(`LS accessory exec box --raw --reuse -h ${dal.address} 'echo "$PLAIN" | tr a-z A-Z'`);
  expect(stdout).toBe('TWO  WORDS\n');
});

test('what is piped in arrives byte for byte, and comes back so with --raw', async () => {
  const { stdout, status } = await type(
    `head -c 3000000 /dev/urandom >"$PWD/../bytes"; LS accessory exec box --reuse --raw -h ${dal.address} cat <"$PWD/../bytes" | cmp - "$PWD/../bytes" && echo same`,
  );
  expect({ stdout, status }).toEqual({ stdout: 'same\n', status: 0 });
});

test('in a container of its own, with secrets and volumes, that is gone afterwards', async () => {
  await on(dal, 'docker exec small-box sh -c "echo kept >/data/file"');
  const { stdout } = await type(
    `LS accessory exec box --raw -h ${dal.address} 'cat /data/file; echo $SECRET_KEY; hostname'`,
  );
  expect(stdout).toMatch(/^kept\nsmall-key\n[0-9a-f]{12}\n$/);
  expect(await allNamed(dal, '-exec-')).toEqual([]);
});

/** Docker before 23 tells a terminal its size some time after the command has begun. */
const sized = 'for i in 1 2 3 4 5 6 7 8 9; do [ "$(stty size)" = "0 0" ] || break; sleep 0.3; done';

test('-i has a terminal with its size; Ctrl-C goes to what runs there, and the terminal is as before', async () => {
  let step = 0;
  const { stdout } = await type(
    `script -qec 'stty rows 33 cols 99; LS accessory exec box -i --reuse sh; echo "status $?"; stty -a' /dev/null`,
    (all, keys) => {
      const say = (text: string) => {
        step += 1;
        keys(text);
      };
      if (step === 0 && /[#$] $/.test(all)) say(`${sized}; stty size; echo begin; sleep 77; echo after-$?\n`);
      else if (step === 1 && all.includes('\nbegin')) {
        step += 1;
        setTimeout(() => say('\u0003'), 1000);
      } else if (step === 3 && /\^C[^]*[#$] $/.test(all)) say('exit 5\n');
    },
  );
  expect(stdout).toContain('33 99');
  expect(stdout).toContain('status 5');
  expect(stdout.slice(stdout.indexOf('status 5'))).toMatch(/ icanon[^]* echo /);
  expect(await processes()).not.toContain('sleep 77');
});

test('Ctrl-C without a terminal over there ends the command, and a container of its own', async () => {
  for (const where of ['--reuse', '']) {
    const ended = await type(
      `exec LS accessory exec box ${where} -h ${dal.address} 'echo begun; exec sleep 78'`,
      (all, _keys, pid) => void (all.includes('begun') && process.kill(pid, 'SIGINT')),
    );
    expect(ended.status).toBe(130);
    expect(await processes()).not.toContain('sleep 78');
    expect(await allNamed(dal, '-exec-')).toEqual([]);
  }
});

test('killed at once it leaves nothing running either', async () => {
  const ended = await type(
    `exec LS accessory exec box --reuse -h ${dal.address} 'echo begun; exec sleep 79'`,
    (all, _keys, pid) => void (all.includes('begun') && process.kill(pid, 'SIGKILL')),
  );
  expect(ended.status).toBeNull();
  await expect.poll(processes, { timeout: 10_000 }).not.toContain('sleep 79');
});

test('logs of both machines, followed until the reader goes away', async () => {
  const { stdout } = await type(`LS accessory logs box -f -T | head -n 30`);
  for (const { address } of [dal, chi]) expect(stdout).toMatch(new RegExp(`^\\[${address}\\] tick \\d+$`, 'm'));
  await expect.poll(() => on(dal, 'pgrep -fc "[d]ocker logs" || true'), { timeout: 10_000 }).toBe('0');
  const found = await type(`LS accessory logs box -T --grep "BEG'UN*" --grep-options "-i -v" -n 2 -h ${dal.address}`);
  expect(found).toMatchObject({ status: 0 });
  expect(found.stdout.trim().split('\n')).toHaveLength(2);
});
