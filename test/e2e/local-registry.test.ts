import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { allNamed, chi, dal, emptyMachines, on, running } from './machines.ts';

const machines = [dal, chi];
const port = 5055;
/** A registry that asks nobody who they are, out of the sandbox's. */
const image = 'longshore-open-registry';
const env = { LONGSHORE_REGISTRY_IMAGE: image };
const container = 'kamal-docker-registry';
const docker = (...words: string[]) =>
  execFileSync('docker', words, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
let project: Project;

beforeAll(async () => {
  expect(docker('ps', '-aq', '--filter', `name=^${container}$`), 'this box has a local registry that is in use').toBe(
    '',
  );
  const settings =
    'version: 0.1\\nstorage:\\n  filesystem:\\n    rootdirectory: /var/lib/registry\\nhttp:\\n  addr: :5000\\n';
  const unset = 'env -u REGISTRY_AUTH -u REGISTRY_AUTH_HTPASSWD_REALM -u REGISTRY_AUTH_HTPASSWD_PATH';
  execFileSync('docker', ['build', '--quiet', '--label', 'longshore.sandbox=1', '--tag', image, '-'], {
    input: `FROM longshore-registry\nRUN printf '${settings}' > /open.yml\nCMD exec ${unset} docker-registry serve /open.yml\n`,
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
  await emptyMachines(...machines);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      text
        .replace(/^registry:[^]*?\n\n/m, `registry:\n  server: localhost:${port}\n\n`)
        .replace(
          /^servers:[^]*?\n\n/m,
          `servers:\n  worker:\n    hosts: [${machines.map(({ address }) => address).join(', ')}]\n    cmd: worker\n    proxy: false\nprimary_role: worker\n\n`,
        )
        .replace(/^proxy:[^]*?\n\n/m, ''),
  });
});

afterAll(() => {
  project.remove();
  execFileSync('docker', ['rm', '-fv', container], { stdio: 'ignore' });
  execFileSync('docker', ['rmi', '-f', image], { stdio: 'ignore' });
});

test('a deploy starts the registry here, and the machines pull from it over their SSH connections', async () => {
  const { status, output } = await project.longshore('deploy', { env });
  expect(status, output).toBe(0);
  expect(output).toContain(`made ${container} at localhost:${port}`);
  for (const machine of machines) {
    const [name = ''] = await running(machine, 'small');
    expect(await on(machine, `docker inspect -f '{{.Config.Image}}' ${name}`)).toMatch(/^localhost:5055\/small:/);
    // Nothing leads here any more.
    expect(await on(machine, `ss -ltn 2>/dev/null | grep -c ':${port} ' || true`)).toBe('0');
  }
});

test('the next version goes the same way, with a registry that runs', async () => {
  const version = project.commit('Second');
  const { status, output } = await project.longshore('deploy', { env });
  expect(status, output).toBe(0);
  expect(output).not.toContain(container);
  for (const machine of machines) expect(await allNamed(machine, version)).toHaveLength(1);
});

test('a machine whose port is taken says so, and nothing changes', async () => {
  const before = await running(chi, 'small');
  await on(chi, `docker run -d --name squatter -p 127.0.0.1:${port}:80 $(docker images -q | head -1) >/dev/null`);
  project.commit('Third');
  const { status, stderr } = await project.longshore('deploy', { env });
  await on(chi, 'docker rm -f squatter');
  expect(status).toBe(3);
  expect(stderr).toContain(`${chi.address}: its sshd does not lead localhost:${port} back here`);
  expect(await running(chi, 'small')).toEqual(before);
});

test('without a registry here, pulling says which command starts it; login is for registries elsewhere', async () => {
  const removed = await project.longshore('registry remove', { env });
  expect(removed.stdout).toContain(`The registry localhost:${port} is removed`);
  const pull = await project.longshore('build pull', { env });
  expect(pull.status).toBe(3);
  expect(pull.stderr).toContain('longshore registry setup');
  const login = await project.longshore('registry login', { env });
  expect(login).toMatchObject({ status: 2 });
  expect((await project.longshore('registry setup', { env })).stdout).toContain(
    `The registry runs at localhost:${port}`,
  );
});
