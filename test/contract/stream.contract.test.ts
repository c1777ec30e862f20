import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import type { Streamed, StreamRun } from '../../src/hosts/stream.ts';
import { healthyImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('what runs in containers on $name', ({ name: world, connect, credentials }) => {
  let host: Host;
  const container = `${prefix}-streams`;

  beforeAll(async () => {
    host = await connect();
    await host.docker.pullImage(healthyImage, credentials);
    const id = await host.docker.createContainer(container, { Image: healthyImage, HostConfig: {} });
    await host.docker.startContainer(id);
  });
  afterAll(() => cleanUp(host));

  async function run(streamed: Streamed, more: Partial<StreamRun> = {}) {
    const said = { stdout: '', stderr: '' };
    const into = (name: 'stdout' | 'stderr') =>
      new Writable({ write: (bytes: Buffer, _encoding, done) => done(void (said[name] += bytes.toString('utf8'))) });
    const exitStatus = await host.stream({
      streamed,
      stdout: into('stdout'),
      stderr: into('stderr'),
      signal: new AbortController().signal,
      ...more,
    });
    return { ...said, exitStatus };
  }

  const exec = (words: readonly string[], more?: Partial<StreamRun>) => run({ kind: 'exec', container, words }, more);
  const readable = (text: string) => Readable.from([Buffer.from(text)]);

  it('hands over words as they are', async () => {
    const words = ['a b', '$HOME', "it's", '`id`', 'é 漢', '', '*', '\\n'];
    const { stdout } = await exec(['printf', '<%s>', ...words]);
    expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('says the exit status, also of a signal, and tells the outputs apart', async () => {
    expect(await exec(['sh', '-c', 'echo wrong >&2; exit 3'])).toEqual({
      stdout: '',
      stderr: 'wrong\n',
      exitStatus: 3,
    });
    expect(await exec(['sh', '-c', 'kill -KILL $$'])).toMatchObject({ exitStatus: 137 });
  });

  it('hands over what is piped in, to its end', async () => {
    const big = `${'0123456789abcdef'.repeat(100_000)}\nend`;
    expect((await exec(['cat'], { stdin: readable(big) })).stdout).toBe(big);
    expect(await exec(['cat'])).toEqual({ stdout: '', stderr: '', exitStatus: 0 });
  });

  it('runs a line on the machine itself, reads what is piped in, and says its exit status', async () => {
    expect(await run({ kind: 'line', line: 'echo here' })).toEqual({ stdout: 'here\n', stderr: '', exitStatus: 0 });
    expect(await run({ kind: 'line', line: 'echo wrong >&2; exit 3' })).toMatchObject({
      stderr: 'wrong\n',
      exitStatus: 3,
    });
    expect((await run({ kind: 'line', line: 'cat' }, { stdin: readable("it's\n$HOME") })).stdout).toBe("it's\n$HOME");
  });

  it('ends a line with the signal', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1500);
    const line = 'sleep 4321';
    expect(await run({ kind: 'line', line }, { signal: controller.signal })).toMatchObject({ exitStatus: 143 });
    if (world === 'memory') return;
    const { stdout } = await run({ kind: 'line', line: `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '` });
    expect(stdout).not.toContain(line);
  });

  it('ends a command with the signal', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1500);
    expect(await exec(['sleep', '1234'], { signal: controller.signal })).toMatchObject({ exitStatus: 143 });
    if (world === 'memory') return;
    const { stdout } = await exec(['sh', '-c', `cat /proc/[0-9]*/cmdline | tr '\\0' ' '`]);
    expect(stdout).not.toContain('sleep 1234');
  });

  const once = (name: string, Cmd: string[]): Streamed => ({
    kind: 'start',
    container: name,
    prepare: () =>
      host.docker.createContainer(name, {
        Image: healthyImage,
        Cmd,
        Env: ['SECRET=it is $secret'],
        ...{ OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true },
        HostConfig: { AutoRemove: true },
      }),
  });
  const isGone = async (name: string) => {
    for (let turn = 0; turn < 50 && (await host.docker.inspectContainer(name)) !== undefined; turn += 1)
      await new Promise((resolve) => void setTimeout(resolve, 100));
    return (await host.docker.inspectContainer(name)) === undefined;
  };

  it('starts a container that is there for one command only', async () => {
    const name = `${prefix}-once`;
    expect(await run(once(name, ['printenv', 'SECRET']))).toMatchObject({ stdout: 'it is $secret\n', exitStatus: 0 });
    expect(await isGone(name)).toBe(true);
    expect((await run(once(name, ['cat']), { stdin: readable('piped') })).stdout).toBe('piped');
    expect(await isGone(name)).toBe(true);
    expect(await run(once(name, ['sh', '-c', 'exit 9']))).toMatchObject({ exitStatus: 9 });
    expect(await isGone(name)).toBe(true);
  });

  it('leaves nothing of a container whose command was ended', async () => {
    const name = `${prefix}-ended`;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1500);
    const { exitStatus } = await run(once(name, ['sleep', '1234']), { signal: controller.signal });
    expect(exitStatus).toBeGreaterThan(128);
    expect(await isGone(name)).toBe(true);
  });

  it('shows a log, or what grep finds in it', async () => {
    const logs = (options: readonly string[], grep?: readonly string[]) =>
      run({ kind: 'logs', container, options, ...(grep === undefined ? {} : { grep }) });
    await expect.poll(() => logs(['--tail=1'])).toMatchObject({ stdout: 'ready\n', exitStatus: 0 });
    expect(await logs([], ['-e', 'listen'])).toMatchObject({ stdout: 'listening\n', exitStatus: 0 });
    expect(await logs([], ['-e', "'; echo here #"])).toMatchObject({ stdout: '', exitStatus: 1 });
  });
});
