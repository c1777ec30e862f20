import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Engine } from '../../src/hosts/docker-engine.ts';
import { pullImage } from '../../src/hosts/docker-pull.ts';

/** An engine whose pull says these lines, as Docker does of a layer that breaks off again and again. */
function engineSaying(...statuses: readonly string[]): { engine: Engine; stream: Readable } {
  const stream = Readable.from(statuses.map((status) => Buffer.from(`${JSON.stringify({ id: 'a1', status })}\n`)));
  const docker = { createImage: async () => stream } as unknown as Engine['docker'];
  return {
    engine: { docker, host: 'one', call: async (_what, work) => work(docker, new AbortController().signal) },
    stream,
  };
}

const retries = (...waits: readonly number[]) =>
  waits.flatMap((wait) => Array.from({ length: wait }, (_, second) => `Retrying in ${wait - second} seconds`));

test('a layer that breaks off a fourth time ends the pull, and the engine is told by the end of the stream', async () => {
  const { engine, stream } = engineSaying(...retries(5, 10, 15, 20), 'Digest: sha256:never');
  await expect(pullImage(engine, 'registry.test:5000/shop:v1', undefined, () => undefined)).rejects.toMatchObject({
    code: 'image-pull-failed',
    message: 'one could not pull registry.test:5000/shop:v1: a layer broke off four times.',
  });
  expect(stream.destroyed).toBe(true);
});

test('one that arrives at the fourth attempt is pulled', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const { engine } = engineSaying(...retries(5, 10, 15), 'Pull complete', `Digest: ${digest}`);
  expect(await pullImage(engine, 'registry.test:5000/shop:v1', undefined, () => undefined)).toBe(digest);
});
