import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { deafImage, exitingImage, healthyImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('containers on $name', ({ connect, credentials, modeOf, ownerOf }) => {
  let host: Host;
  let count = 0;
  const network = `${prefix}-net`;

  beforeAll(async () => {
    host = await connect();
    await Promise.all(
      [healthyImage, exitingImage, deafImage].map((image) => host.docker.pullImage(image, credentials)),
    );
    await host.docker.createNetwork(network);
  });
  afterAll(() => cleanUp(host));

  async function make(image = healthyImage, hostConfig: Record<string, unknown> = {}) {
    const name = `${prefix}-${(count += 1)}`;
    const body = {
      Image: image,
      Env: ['A=1'],
      Labels: { role: 'web' },
      HostConfig: { NetworkMode: network, ...hostConfig },
    };
    return { name, id: await host.docker.createContainer(name, body) };
  }

  it('shows a created container by name and by id', async () => {
    const { name, id } = await make();
    const inspect = await host.docker.inspectContainer(name);
    expect(inspect).toMatchObject({
      Id: id,
      Name: `/${name}`,
      RestartCount: 0,
      State: { Status: 'created', Running: false },
    });
    expect(inspect?.Config.Env).toEqual(expect.arrayContaining(['A=1']));
    expect(inspect?.Config.Labels).toMatchObject({ service: 'contract', role: 'web' });
    expect((await host.docker.inspectContainer(id))?.Id).toBe(id);
    const summary = (await host.docker.listContainers()).find((container) => container.Id === id);
    expect(summary).toMatchObject({
      Names: [`/${name}`],
      State: 'created',
      Image: healthyImage,
      Labels: { role: 'web' },
    });
  });

  it('takes a variable of the image away by its name alone', async () => {
    const name = `${prefix}-${(count += 1)}`;
    const of = async (Env: string[]) => {
      const id = await host.docker.createContainer(name, { Image: healthyImage, Env, HostConfig: {} });
      const env = (await host.docker.inspectContainer(id))?.Config.Env ?? [];
      await host.docker.removeContainer(id);
      return env.filter((entry) => entry.startsWith('PATH'));
    };
    expect(await of([])).toEqual([expect.stringMatching(/^PATH=/)]);
    expect(await of(['PATH'])).toEqual(['PATH']);
  });

  it('refuses a second container of the same name, and an image that is not there', async () => {
    const { name } = await make();
    const body = { Image: healthyImage, HostConfig: {} };
    await expect(host.docker.createContainer(name, body)).rejects.toMatchObject({ code: 'engine-refused' });
    const other = { Image: 'registry.test:5000/contract:never-pushed', HostConfig: {} };
    await expect(host.docker.createContainer(`${name}-other`, other)).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('starts, stops and removes, and each a second time without complaint', async () => {
    const { id } = await make();
    await host.docker.startContainer(id);
    await host.docker.startContainer(id);
    expect((await host.docker.inspectContainer(id))?.State).toMatchObject({ Status: 'running', Running: true });
    await expect(host.docker.removeContainer(id)).rejects.toMatchObject({ code: 'engine-refused' });
    await host.docker.stopContainer(id, 1);
    await host.docker.stopContainer(id, 1);
    expect((await host.docker.inspectContainer(id))?.State).toMatchObject({ Status: 'exited', Running: false });
    await host.docker.removeContainer(id);
    await host.docker.removeContainer(id);
    await host.docker.stopContainer(id);
    expect(await host.docker.inspectContainer(id)).toBeUndefined();
    await expect(host.docker.startContainer(id)).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('says which containers are being stopped, also when whoever asked for it has gone', async () => {
    const { name, id } = await make(deafImage);
    await host.docker.startContainer(id);
    const other = await connect();
    const stopping = other.docker.stopContainer(id, 3).catch(() => undefined);
    const named = async () => {
      const { names, isComplete } = await host.docker.listStopping(30);
      expect(isComplete).toBe(true);
      return names.filter((one) => one === name);
    };
    await expect.poll(named).toEqual([name]);
    await other.close();
    await stopping;
    await expect.poll(named, { timeout: 8000 }).toEqual([]);
    expect((await host.docker.inspectContainer(id))?.State.Running).toBe(false);
  });

  it('removes a running container by force', async () => {
    const { id } = await make();
    await host.docker.startContainer(id);
    await host.docker.removeContainer(id, { force: true });
    expect(await host.docker.inspectContainer(id)).toBeUndefined();
  });

  it('renames, but not to a name that is taken', async () => {
    const [one, other] = [await make(), await make()];
    await host.docker.renameContainer(one.id, `${one.name}_replaced_1`);
    expect((await host.docker.inspectContainer(one.id))?.Name).toBe(`/${one.name}_replaced_1`);
    await expect(host.docker.renameContainer(one.id, other.name)).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('does not start a container whose network is not there', async () => {
    const { id } = await make(healthyImage, { NetworkMode: `${prefix}-nowhere` });
    await expect(host.docker.startContainer(id)).rejects.toMatchObject({ code: 'engine-refused' });
    expect((await host.docker.inspectContainer(id))?.State.Running).toBe(false);
  });

  it('takes another restart policy, running or not, and keeps everything else', async () => {
    const { id } = await make(healthyImage, { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } });
    const policy = async () => (await host.docker.inspectContainer(id))?.HostConfig['RestartPolicy'];
    await host.docker.setRestartPolicy(id, { Name: 'no', MaximumRetryCount: 0 });
    expect(await policy()).toEqual({ Name: 'no', MaximumRetryCount: 0 });
    await host.docker.startContainer(id);
    await host.docker.setRestartPolicy(id, { Name: 'on-failure', MaximumRetryCount: 3 });
    expect(await policy()).toEqual({ Name: 'on-failure', MaximumRetryCount: 3 });
    expect((await host.docker.inspectContainer(id))?.State.Running).toBe(true);
    await host.docker.stopContainer(id, 1);
    await expect(
      host.docker.setRestartPolicy(`${prefix}-nobody`, { Name: 'no', MaximumRetryCount: 0 }),
    ).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('gives the last lines of a log', async () => {
    const { id } = await make(exitingImage);
    const exit = host.docker.waitForExit(id, new AbortController().signal);
    await host.docker.startContainer(id);
    await exit;
    expect(await host.docker.logs(id, { tail: 10 })).toEqual(['one', 'two', 'three']);
    expect(await host.docker.logs(id, { tail: 2 })).toEqual(['two', 'three']);
    const later = Math.floor(Date.now() / 1000) + 60;
    expect(await host.docker.logs(id, { tail: 10, sinceSeconds: later })).toEqual([]);
    await expect(host.docker.logs(`${prefix}-nobody`, { tail: 1 })).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('knows nothing of what is not there', async () => {
    const nobody = `${prefix}-nobody`;
    expect(await host.docker.inspectContainer(nobody)).toBeUndefined();
    expect(await host.docker.inspectNetwork(nobody)).toBeUndefined();
    expect(await host.docker.inspectImage(`registry.test:5000/${nobody}:1`)).toBeUndefined();
    expect(await host.docker.inspectExec(nobody)).toBeUndefined();
    expect(await host.docker.readFile(nobody, '/etc/hosts')).toBeUndefined();
    await host.docker.removeImage(`registry.test:5000/${nobody}:1`);
  });

  it.each(['running', 'created'])(
    'puts files into what a %s container mounts, as their owner’s only',
    async (state) => {
      const { homeDirectory } = await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths: [] });
      const directory = `${prefix}/mounted-${state}`;
      await host.makeDirectory(`${directory}/below`);
      const { id } = await make(healthyImage, { Binds: [`${homeDirectory}/${directory}:/mounted`] });
      if (state === 'running') await host.docker.startContainer(id);
      const file = (name: string, content: string) => ({ name, content, mode: 0o600, uid: 4711, gid: 4712 });
      await host.docker.putFiles(id, '/mounted/below', [file('cert.pem', 'one'), file('key.pem', 'two')]);
      await host.docker.putFiles(id, '/mounted/below', [file('key.pem', 'three')]);
      for (const name of ['cert.pem', 'key.pem']) {
        expect(await modeOf(`${directory}/below/${name}`)).toBe('600');
        expect(await ownerOf(`${directory}/below/${name}`)).toBe('4711');
      }
      expect((await host.docker.readFile(id, '/mounted/below/key.pem'))?.toString()).toBe('three');
      await expect(host.docker.putFiles(id, '/mounted/nowhere', [file('x', 'y')])).rejects.toMatchObject({
        code: 'engine-refused',
      });
      // Who logs in owns the directory, so it can be removed.
      await host.removeDirectories([directory]);
    },
  );

  it('makes a network once', async () => {
    await host.docker.createNetwork(network);
    expect(await host.docker.inspectNetwork(network)).toMatchObject({ Name: network });
  });

  it('makes a container by the command line, with the exact values of secrets', async () => {
    const name = `${prefix}-${(count += 1)}`;
    const secretEnv = { SECRET: ' s3cret\\n"value\' \\ ', LINES: '-----BEGIN\n  $x\\n\t\n', EMPTY: '' };
    const words = ['--name', name, '--network', network, '--env', "CLEAR=it's $HOME", '--label', 'role=web'];
    const id = await host.createByCommandLine([...words, '--memory=64m', healthyImage], secretEnv);
    const inspect = await host.docker.inspectContainer(name);
    expect(inspect?.Id).toBe(id);
    expect(inspect?.Config.Env).toEqual(
      expect.arrayContaining([
        ...Object.entries(secretEnv).map(([name, value]) => `${name}=${value}`),
        "CLEAR=it's $HOME",
      ]),
    );
    await expect(
      host.createByCommandLine([...words.with(1, `${name}-x`), '--unknown=1', healthyImage], secretEnv),
    ).rejects.toMatchObject({
      code: 'engine-refused',
    });
  });
});
