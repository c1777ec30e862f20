import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { cleanUp, worlds } from './worlds.ts';

describe.each(worlds)('scripts on $name', ({ connect }) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  it('says what a script wrote into its output file, also when it fails', async () => {
    const heard: string[] = [];
    const status = await host.runScript({
      name: 'pre-deploy',
      script: '#!/bin/sh\necho on_failure=hold >>"$LONGSHORE_OUTPUT"\nexit 3\n',
      env: {},
      secretEnv: {},
      timeoutSeconds: 20,
      onLine: () => undefined,
      onOutput: (text) => heard.push(text),
      signal: new AbortController().signal,
    });
    expect([status, heard]).toEqual([3, ['on_failure=hold\n']]);
  });
});
