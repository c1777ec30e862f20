import { expect, test } from 'vitest';
import { optionValues } from '../../src/config/option-values.ts';
import { publishedIn } from '../../src/config/ports.ts';
import { createRequest } from '../../src/containers/create-request.ts';

/** What one text means to everybody who reads it: as a value, as ports, and in the container that is made. */
const texts: [string, string[]][] = [
  ['80', [':0>80/tcp']],
  ['8080:80', [':8080>80/tcp']],
  [':8080:80', [':8080>80/tcp']],
  ['127.0.0.1:8080:80/UDP', ['127.0.0.1:8080>80/udp']],
  ['127.0.0.1::80', ['127.0.0.1:0>80/tcp']],
  ['[::1]:8080:80', ['::1:8080>80/tcp']],
  ['8000-8001:80-81', [':8000>80/tcp', ':8001>81/tcp']],
  ['8000-8009:80', [':8000-8009>80/tcp']],
  ['7000-7001/sctp', [':0>7000/sctp', ':0>7001/sctp']],
  ['8080:80/icmp', []],
  ['[::1]8080:80', []],
  ['db:5432:5432', []],
  ['90-80', []],
  ['8000-7000:80', []],
  ['8000-8001:80-85', []],
  ['8000-8003:80-81', []],
  ['70000:80', []],
  ['1-99999999999:80', []],
  ['', []],
];

test.each(texts)('%j is read in one way', (text, means) => {
  expect(optionValues['publish']?.read(text)).toBe(means.length === 0 ? undefined : text);
  const read = publishedIn(text).map(({ address = '', ports, target, protocol }) => {
    const onMachine = ports.length > 1 ? `${ports[0]}-${ports.at(-1)}` : String(ports[0] ?? 0);
    return `${address}:${onMachine}>${target}/${protocol}`;
  });
  expect(read).toEqual(means);
  const spec = { name: 'x', image: 'x', env: [], labels: {}, network: 'kamal', restartPolicy: 'no' };
  const { HostConfig } = createRequest({
    spec: { ...spec, logging: { options: {} }, volumes: [], publish: [text], options: [] },
    env: {},
    homeDirectory: '/root',
  });
  const bindings = HostConfig['PortBindings'] as Record<string, { HostIp: string; HostPort: string }[]>;
  const made = Object.entries(bindings).flatMap(([port, all]) =>
    all.map(({ HostIp, HostPort }) => `${HostIp}:${HostPort || '0'}>${port}`),
  );
  expect(made).toEqual(means);
});
