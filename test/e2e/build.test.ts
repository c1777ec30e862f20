import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuildDetailsResult } from '../../src/report/results.ts';
import { makeProject, type Project, sandbox } from './harness.ts';
import { chi, dal, emptyMachines, on } from './machines.ts';
import { nastyValues } from './nasty-values.ts';
import { watchProcesses } from './processes.ts';

const machines = [dal, chi];
/** Users of the sandbox's registry whose password every shell, YAML and docker treats in a way of its own. */
const user = 'nasty';
const userWithoutSpaces = 'nasty-trimmed';
const password = ' p$ss ${HOME} $(id) "q" \'q\' #h \\b\\\\n {x} %d a:b`x` ä€';
const hashes = {
  [user]: '$2b$05$longshorenastypassworOG6LZCTHtqo4NFF1zJcJkD5QOopH.q2K',
  [userWithoutSpaces]: '$2b$05$longshoretrimmedpassweGyzHrTGN0F4b2xv2dry7fv0PUXhEbrC',
};
const asNasty = { REGISTRY_PASSWORD: password };
/** BuildKit mounts no secret that is empty; one that is too long for a variable goes by a file. */
const { EMPTY: _, ...notEmpty } = nastyValues;
const secretValues = { ...notEmpty, LONG: 'x$y`\'"\\ é#'.repeat(30_000) };
/** Docker's settings of this file's own, so that nobody's logins are changed. */
const dockerConfig = mkdtempSync(join(tmpdir(), 'longshore-docker-'));
let project: Project;

beforeAll(async () => {
  await emptyMachines(...machines);
  for (const [name, hash] of Object.entries(hashes)) {
    const script = `grep -q '^${name}:' /etc/docker/registry/htpasswd || echo '${name}:${hash}' >>/etc/docker/registry/htpasswd`;
    execFileSync('docker', ['exec', 'longshore-registry', 'sh', '-c', script]);
  }
  const own = sandbox['SANDBOX_DOCKER_CONFIG'] || join(process.env['HOME'] ?? '', '.docker');
  if (existsSync(join(own, 'cli-plugins'))) symlinkSync(join(own, 'cli-plugins'), join(dockerConfig, 'cli-plugins'));
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      text
        .replace('username: deployer', `username: ${user}`)
        .replace(
          'driver: docker',
          `driver: docker\n  args: ${JSON.stringify(nastyValues)}\n  secrets: [${Object.keys(secretValues).join(', ')}]`,
        ),
    '.kamal/secrets': (text) => text + Object.keys(secretValues).map(secretLine).join(''),
    ...Object.fromEntries(Object.entries(secretValues).map(([name, value]) => [`values/${name}`, value])),
    Dockerfile: (text) =>
      text.replace(
        'ENTRYPOINT',
        `${Object.entries(secretValues).map(checkSecret).join('')}${Object.keys(nastyValues)
          .map((name) => `ARG ${name}\nLABEL "arg.${name}"="\${${name}}"\n`)
          .join('')}ENTRYPOINT`,
      ),
  });
});

afterAll(() => {
  project.remove();
  rmSync(dockerConfig, { recursive: true, force: true });
});

describe('values of every awkward kind', () => {
  test('build deliver builds with them, pushes as a user with such a password, and pulls on the machines', async () => {
    const watch = await watchProcesses(...machines);
    const { status, output } = await project.longshore('build deliver', { env: asNasty });
    const lists = await watch.end();
    expect(status, output).toBe(0);
    expect(output).not.toContain('p$ss');
    for (const text of Object.values(lists)) {
      expect(text).not.toContain('p$ss');
      expect(text).not.toContain(secretValues.LONG.slice(0, 100));
    }
    for (const machine of machines) {
      expect(await on(machine, 'tail -1 /home/deploy/.kamal/small-audit.log')).toContain('Pulled image with version');
    }
  });

  test('every build argument has arrived as it is written', async () => {
    for (const machine of machines) {
      const image = `$(docker images -q registry.test:5000/small | head -1)`;
      const labels = JSON.parse(await on(machine, `docker inspect -f '{{json .Config.Labels}}' ${image}`));
      const args = Object.fromEntries(Object.keys(nastyValues).map((name) => [name, labels[`arg.${name}`]]));
      expect(args).toEqual(nastyValues);
    }
  });

  test('a wrong password is told as that, here and on the machines', async () => {
    const push = await project.longshore('build push --no-cache', { env: { REGISTRY_PASSWORD: 'wrong' } });
    expect(push, push.output).toMatchObject({ status: 3 });
    expect(push.stderr).toContain('Check registry.username and registry.password');
    const pull = await project.longshore('build pull', { env: { REGISTRY_PASSWORD: 'wrong' } });
    expect(pull, pull.output).toMatchObject({ status: 3 });
    expect(pull.stderr).toMatch(/did not give|refused/);
  });
});

describe('registry', () => {
  const stored = `cat /home/deploy/.docker/config.json 2>/dev/null || true`;
  const auth = Buffer.from(`${userWithoutSpaces}:${password.trim()}`).toString('base64');
  const trimmed = { REGISTRY_PASSWORD: password.trim() };

  beforeAll(() => {
    project.commit('As somebody else', {
      'config/deploy.yml': (text) => text.replace(`username: ${user}`, `username: ${userWithoutSpaces}`),
    });
  });

  test('login logs in here and on every machine, with the password on no command line', async () => {
    const watch = await watchProcesses(...machines);
    const { status, output } = await project.longshore('registry login', {
      env: { ...trimmed, DOCKER_CONFIG: dockerConfig },
    });
    const lists = await watch.end();
    expect(status, output).toBe(0);
    for (const text of Object.values(lists)) expect(text).not.toContain('p$ss');
    expect(output).not.toContain('p$ss');
    for (const machine of machines) expect(await on(machine, stored)).toContain(auth);
    expect(execFileSync('cat', [join(dockerConfig, 'config.json')], { encoding: 'utf8' })).toContain(auth);
  });

  test('logout -L takes it from the machines only', async () => {
    const { status, output } = await project.longshore('registry logout -L', { env: { DOCKER_CONFIG: dockerConfig } });
    expect(status, output).toBe(0);
    for (const machine of machines) expect(await on(machine, stored)).not.toContain(auth);
    expect(execFileSync('cat', [join(dockerConfig, 'config.json')], { encoding: 'utf8' })).toContain(auth);
  });

  test('login with a wrong password names every place that refused it', async () => {
    const { status, stderr } = await project.longshore('registry login -L', {
      env: { REGISTRY_PASSWORD: 'wrong', DOCKER_CONFIG: dockerConfig },
    });
    expect(status).toBe(3);
    for (const { address } of machines) expect(stderr).toContain(`${address}: the registry refused the login`);
  });
});

describe('a remote builder over ssh', () => {
  const name = `kamal-remote-ssh---deploy-${dal.address.replaceAll('.', '-')}`;
  const bin = join(dockerConfig, 'bin');
  const env = () => ({
    REGISTRY_PASSWORD: password.trim(),
    DOCKER_CONFIG: dockerConfig,
    PATH: `${bin}:${process.env['PATH']}`,
  });

  beforeAll(() => {
    mkdirSync(bin);
    // Docker logs in by the command ssh, whose settings are the user's; the sandbox has a file of its own.
    const ssh = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F ${sandbox['SANDBOX_SSH_CONFIG']} "$@"\n`);
    chmodSync(join(bin, 'ssh'), 0o755);
    project.commit('Builds on dal', {
      Dockerfile: 'FROM scratch\nCOPY small /small\nRUN ["/small", "env", "PATH"]\n',
      'config/deploy.yml': (text) =>
        text
          .replace(/username: .*/, `username: ${userWithoutSpaces}`)
          .replace(
            / {2}driver: docker\n {2}args:[^]*? {2}secrets:.*\n/,
            `  remote: ssh://deploy@${dal.address}\n  local: false\n`,
          ),
    });
  });

  test('details --json shows every command line', async () => {
    const { stdout } = await project.longshore('build details --json', { env: env() });
    const { builder, commands } = JSON.parse(stdout) as BuildDetailsResult;
    expect(builder).toMatchObject({ kind: 'remote', name });
    expect(commands.map(({ words }) => words.slice(0, 3).join(' '))).toEqual([
      'docker buildx inspect',
      'docker buildx rm',
      'docker context rm',
      'docker context create',
      'docker buildx create',
      'docker buildx build',
    ]);
  });

  test('builds there: where its builder cannot be started, by the engine itself', async () => {
    await on(dal, 'docker builder prune -af >/dev/null');
    const { status, output } = await project.longshore('build push --no-cache', { env: env() });
    expect(status, output).toBe(0);
    expect(output).toContain(`making the builder ${name}`);
    expect(output).toMatch(
      new RegExp(`${name} cannot be started \\(.*\\): the engine at ssh://deploy@${dal.address} builds`),
    );
    expect(
      Number(await on(dal, "docker system df --format '{{.Type}} {{.TotalCount}}' | sed -n 's/Build Cache //p'")),
    ).toBeGreaterThan(0);
  });

  test('create and remove set it up and take it away', async () => {
    const contexts = () =>
      execFileSync('docker', ['--config', dockerConfig, 'context', 'ls', '-q'], { encoding: 'utf8' });
    expect((await project.longshore('build create', { env: env() })).stdout).toContain(`The builder ${name} is made`);
    expect((await project.longshore('build create', { env: env() })).stdout).toContain(`The builder ${name} is there`);
    expect(contexts()).toContain(`${name}-context`);
    expect((await project.longshore('build remove', { env: env() })).stdout).toContain(
      `The builder ${name} is removed`,
    );
    expect(contexts()).not.toContain(name);
  });
});

/** One line break at the end of what a command prints is not of the value. */
function secretLine(name: string): string {
  return `${name}=$(cat values/${name}; echo)\n`;
}

function checkSecret([name, value]: [string, string]): string {
  const hash = createHash('sha256').update(value).digest('hex');
  return `RUN --mount=type=secret,id=${name} ["/small", "same", "/run/secrets/${name}", "${hash}"]\n`;
}
