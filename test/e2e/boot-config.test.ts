import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { dal, emptyMachines, on, served } from './machines.ts';

let project: Project;

beforeAll(async () => {
  await emptyMachines(dal);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      text.replace('      - 100.64.77.12\n', '').replace('  run:\n    registry: registry.test:5000\n', ''),
  });
});

afterAll(() => project.remove());

test('without proxy.run the proxy is run as the files say that Kamal’s boot_config left on the machine', async () => {
  const files = {
    options: `--publish 80:80 --publish 443:443 --log-opt max-size=5m --label "a.b=c  d" -e 'GREETING=it is "me"' --memory 256m`,
    image: 'registry.test:5000/basecamp/kamal-proxy',
    image_version: 'v0.9.2',
    run_command: 'kamal-proxy run --debug',
  };
  const writes = Object.entries(files).map(([name, text]) => `cat >"$1/${name}" <<'END'\n${text}\nEND`);
  const script = `set -- /home/deploy/.kamal/proxy; mkdir -p "$1"\n${writes.join('\n')}\nchown -R deploy: /home/deploy/.kamal`;
  await on(dal, script);
  const version = project.commit('First');
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
  expect(await served(dal, 'small.test')).toBe(version);
  // What Kamal itself would make of them, word for word.
  await on(
    dal,
    `cd /home/deploy && echo $(cat .kamal/proxy/options) $(cat .kamal/proxy/image):$(cat .kamal/proxy/image_version) $(cat .kamal/proxy/run_command) | xargs docker create --name kamals-own --network none >/dev/null`,
  );
  const format =
    '{{json .Config.Labels}} {{json .Config.Env}} {{json .Config.Cmd}} {{json .HostConfig.LogConfig}} {{json .HostConfig.PortBindings}} {{.HostConfig.Memory}}';
  const shown = async (name: string) => on(dal, `docker inspect -f '${format}' ${name}`);
  const kamals = await shown('kamals-own');
  await on(dal, 'docker rm kamals-own');
  // Longshore's own label, for options that a container does not show.
  expect((await shown('kamal-proxy')).replace(/"longshore.options":"\w+",/, '')).toBe(kamals);
  expect(kamals).toContain('"a.b":"c d"');
  expect(kamals).toContain('GREETING=it is \\"me\\"');
  expect(await project.longshore('plan --check')).toMatchObject({ status: 0 });
});
