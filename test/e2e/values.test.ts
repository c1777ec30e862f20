import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanResult } from '../../src/pipeline.ts';
import { makeProject, type Project } from './harness.ts';
import { remakeAsKamal } from './kamal-run.ts';
import { chi, dal, emptyMachines, type Machine, on } from './machines.ts';
import { nastyValues, secretLines } from './nasty-values.ts';

const machines = [dal, chi];
const roles = ['web', 'worker'];
const entries = Object.entries(nastyValues);
const named = (prefix: string, values = nastyValues) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
const lines = Object.assign({}, ...entries.map(([name, value]) => secretLines(name, value))) as Record<string, string>;
/** The most that Linux hands to a program, with its name and the sign. */
const limit = { AT_LIMIT: 'x'.repeat(131_071 - 'AT_LIMIT='.length) };
const env = named('FROM_');
delete env['FROM_EMPTY'];
let project: Project;
let version: string;

const healthCommand = `${entries.flatMap(([name, value]) => (name === 'LARGE' ? [] : value)).join('')}\${HOME}`;

/** `worker` has an option that only the command line knows, so it is made there. */
const servers = (nasty: Readonly<Record<string, unknown>>) => ({
  web: {
    hosts: machines.map(({ address }) => address),
    ...nasty,
    // Never run: the image has no shell, and the proxy sees for itself.
    options: { ...(nasty['options'] as object), 'health-cmd': healthCommand, 'health-interval': '1h' },
  },
  worker: {
    hosts: machines.map(({ address }) => address),
    cmd: 'worker',
    ...nasty,
    options: { ...(nasty['options'] as object), expose: 9999 },
  },
});
const optionsOf = (values: Readonly<Record<string, string>>) => ({
  env: Object.entries(named('O_', values)).map(([name, value]) => `${name}=${value}`),
  label: Object.entries(named('o.', values)).map(([name, value]) => `${name}=${value}`),
});
const keys = (parts: object) => (text: string) =>
  `${text.replace(/^servers:[^]*?\n\n/m, '').replace(/^env:[^]*?\n\n/m, '')}${Object.entries(parts)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')}`;

beforeAll(async () => {
  await emptyMachines(...machines);
});

describe('values of every awkward kind', () => {
  afterAll(() => project.remove());
  beforeAll(async () => {
    project = makeProject('test/apps/small', {
      '.kamal/secrets': (text) =>
        `${text}${Object.entries(lines)
          .map(([key, line]) => `${key}=${line}\n`)
          .join('')}`,
      ...Object.fromEntries(
        entries.filter(([, value]) => value !== '').map(([name, value]) => [`values/${name}`, value]),
      ),
      'config/deploy.yml': keys({
        values: 'exact',
        env: { clear: { ...named('R_'), ...limit }, secret: Object.keys(lines) },
        labels: named('r.'),
        servers: servers({
          env: { clear: named('ROLE_') },
          labels: named('role.'),
          options: optionsOf(nastyValues),
        }),
      }),
    });
    version = project.commit('Awkward values');
    const setup = await project.longshore('setup', { env });
    expect(setup, setup.output.slice(-3000)).toMatchObject({ status: 0 });
  });

  const env$ = {
    ...named('R_'),
    ...named('ROLE_'),
    ...named('O_'),
    ...limit,
    ...Object.fromEntries(Object.keys(lines).map((key) => [key, nastyValues[key.slice(2)] ?? ''])),
  };
  const labels = { ...named('r.'), ...named('role.'), ...named('o.') };

  test.each(machines.flatMap((machine) => roles.map((role) => [role, machine.container, machine] as const)))(
    'come out of %s on %s unchanged: the process’s own environment, and labels',
    async (role, _name, machine) => {
      const seen = await seenBy(machine, `small-${role}-${version}`);
      expect(differing(seen.process, env$)).toEqual([]);
      expect(differing(seen.labels, labels)).toEqual([]);
    },
  );

  test('come out of an option unchanged', async () => {
    for (const machine of machines) {
      const test = await on(machine, `docker inspect -f '{{json .Config.Healthcheck.Test}}' small-web-${version}`);
      expect(JSON.parse(test)).toEqual(['CMD-SHELL', healthCommand]);
    }
  });

  test('leave nothing to plan', async () => {
    const { stdout } = await project.longshore('plan --json', { env });
    expect((JSON.parse(stdout) as PlanResult).nothingToDo, stdout.slice(0, 3000)).toBe(true);
  });

  test('larger than Linux takes are refused by name, before any machine is asked', async () => {
    project.commit('Too large', { 'values/LARGE': 'x'.repeat(131_072 - 'C_LARGE='.length) });
    const { status, stderr } = await project.longshore('deploy', { env });
    expect({ status, stderr: stderr.replace(/x{10,}/g, 'the value') }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /C_LARGE: this has 131072 bytes with its name, and Linux gives a program at most 131071/,
      ),
    });
  });
});

describe('a container that Kamal made', () => {
  const { LARGE: _, ...values } = nastyValues;
  const clear = {
    ...named('K_', values),
    HOME_OF: '<${HOME}>',
    USER_OF: '${USER}',
    HOST: '${HOSTNAME}',
    UNSET: '${NO_SUCH}-${NO_SUCH:-x y}',
    LANG: '',
  };
  const file = (more: object) =>
    keys({
      env: { clear, secret: Object.keys(values).map((name) => `C_${name}`) },
      labels: named('k.', values),
      servers: servers({}),
      ...more,
    });
  let config: string;
  afterAll(() => project.remove());

  beforeAll(async () => {
    await emptyMachines(...machines);
    project = makeProject('test/apps/small', {
      '.kamal/secrets': (text) =>
        `${text}${Object.keys(values)
          .map((name) => `C_${name}=${lines[`C_${name}`]}\n`)
          .join('')}`,
      ...Object.fromEntries(
        entries.filter(([, value]) => value !== '').map(([name, value]) => [`values/${name}`, value]),
      ),
      'config/deploy.yml': (text) => (config = text),
    });
    version = project.commit('By Kamal', { 'config/deploy.yml': () => file({ values: 'kamal' })(config) });
    const setup = await project.longshore('setup');
    expect(setup, setup.output.slice(-3000)).toMatchObject({ status: 0 });
    await Promise.all(
      machines.flatMap((machine) =>
        roles.map((role) =>
          remakeAsKamal(machine, {
            role,
            version,
            clear,
            labels: named('k.', values),
            options:
              role === 'web'
                ? [
                    ['health-cmd', healthCommand],
                    ['health-interval', '1h'],
                  ]
                : [],
          }),
        ),
      ),
    );
  });

  test('is as values: kamal says, to the letter, so there is nothing to do; nor is there while nothing is said', async () => {
    for (const more of [{ values: 'kamal' }, {}]) {
      project.commit('Said', { 'config/deploy.yml': () => file(more)(config) });
      const { stdout } = await project.longshore(`plan --version ${version} --json`);
      const { plan, nothingToDo } = JSON.parse(stdout) as PlanResult;
      expect(
        plan.stages.flatMap(({ lanes }) => lanes.flatMap(({ steps }) => steps.map(({ because }) => because))),
      ).toEqual([]);
      expect(nothingToDo).toBe(true);
    }
  });

  test('keeps a deploy from beginning, before anything is built, until the file says how values arrive', async () => {
    const stopped = await project.longshore('deploy');
    expect(stopped, stopped.output).toMatchObject({ status: 3 });
    expect(stopped.stderr).toContain('env C_PEM of web: with Kamal a line break is \\n');
    expect(stopped.stderr).toContain('env C_WORD of worker: with Kamal a $ and a name behind it are replaced');
    expect(stopped.stderr).toContain('`values: exact`');
    expect(stopped.output).not.toMatch(/build and push|BEGIN PRIVATE/);
  });

  test('is replaced once the file says exact, and values arrive so', async () => {
    version = project.commit('Exact', {
      'config/deploy.yml': () => file({ 'x-longshore': { values: 'exact' } })(config),
    });
    const deploy = await project.longshore('deploy');
    expect(deploy, deploy.output.slice(-3000)).toMatchObject({ status: 0 });
    for (const machine of machines) {
      for (const role of roles) {
        const seen = await seenBy(machine, `small-${role}-${version}`);
        expect(differing(seen.process, { ...clear, ...named('C_', values) })).toEqual([]);
        expect(differing(seen.labels, named('k.', values))).toEqual([]);
      }
    }
  });
});

interface Seen {
  readonly process: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
}

/** What the kernel says of the container's first process, and Docker of its labels. */
async function seenBy(machine: Machine, container: string): Promise<Seen> {
  const [environ = '', labels = ''] = await Promise.all([
    on(machine, `base64 -w0 /proc/$(docker inspect -f '{{.State.Pid}}' ${container})/environ`),
    on(machine, `docker inspect -f '{{json .Config.Labels}}' ${container}`),
  ]);
  const variables = Buffer.from(environ, 'base64').toString('utf8').split('\0');
  return {
    process: new Map(variables.map((one) => [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)])),
    labels: new Map(Object.entries(JSON.parse(labels) as Record<string, string>)),
  };
}

/** Which of these do not stand there as they are, each with the beginning of what does. */
function differing(seen: ReadonlyMap<string, string>, wanted: Readonly<Record<string, string>>): string[] {
  return Object.entries(wanted).flatMap(([name, value]) =>
    seen.get(name) === value ? [] : [`${name}: ${JSON.stringify(seen.get(name)?.slice(0, 100))}`],
  );
}
