import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { creationOf } from '../../src/containers/create-request.ts';
import { xargsWords } from '../../src/proxy/boot-config.ts';
import { proxySpec } from '../../src/proxy/container.ts';
import { load, withKeys } from '../config/load-text.ts';

const spec = (files: Readonly<Record<string, string>>) => proxySpec(load(withKeys('')), '192.0.2.1', files);

describe('Kamal’s files that say how the proxy is run', () => {
  test.each([
    '--publish 80:80 --publish 443:443',
    '  one\n two\t three  ',
    `--label "a b=c d" --env 'X=it is "so"' --env Y=1\\ 2`,
    `--env "A=back\\slash" --x=''`,
    'mixed"quotes in"one\'word of\'it',
  ])('are split as xargs does: %j', (text) => {
    // As in the shell of a machine: `echo $(cat …) | xargs …`, one word to a line.
    const script = 'set -f; printf "%s\\n" "$(echo $1)" | xargs sh -c \'for word; do echo "[$word]"; done\' sh';
    const { stdout } = spawnSync('bash', ['-c', script, 'bash', text], { encoding: 'utf8' });
    expect(xargsWords(text).map((word) => `[${word}]`)).toEqual(stdout.trim().split('\n'));
  });

  test('without them it is Kamal’s own', () => {
    expect(spec({})).toMatchObject({
      image: 'basecamp/kamal-proxy:v0.9.2',
      cmd: ['kamal-proxy', 'run'],
      publish: ['80:80', '443:443'],
      logging: { options: { 'max-size': '10m' } },
      options: [],
    });
    // A file that is there counts: nothing is published.
    expect(spec({ options: '\n' })).toMatchObject({ publish: [], logging: { options: {} } });
  });

  test('say everything that docker run takes', () => {
    const made = spec({
      options:
        '--publish 127.0.0.1:8080:80 -p 8443:443 --log-driver journald --log-opt tag="the proxy" --memory 128m -v/data:/data --label "a b=c" --init\n',
      image: 'registry.test:5000/basecamp/kamal-proxy\n',
      image_version: 'v0.9.3\n',
      run_command: 'kamal-proxy run --debug --metrics-port "9000"\n',
    });
    expect(made).toMatchObject({
      image: 'registry.test:5000/basecamp/kamal-proxy:v0.9.3',
      cmd: ['kamal-proxy', 'run', '--debug', '--metrics-port', '9000'],
      publish: ['127.0.0.1:8080:80', '8443:443'],
      logging: { driver: 'journald', options: { tag: 'the proxy' } },
      options: [
        { name: 'memory', value: '128m' },
        { name: 'volume', value: '/data:/data' },
        { name: 'label', value: 'a b=c' },
        { name: 'init', value: true },
      ],
    });
    const creation = creationOf({ spec: made, env: {}, homeDirectory: '/root' });
    expect(creation).toMatchObject({
      way: 'api',
      body: { Labels: { 'a b': 'c' }, HostConfig: { Memory: 134_217_728, Init: true } },
    });
  });
});
