import { describe, expect, test } from 'vitest';
import { overlaps, publishedIn } from '../../src/config/ports.ts';
import { load, minimal } from './load-text.ts';

const db = (more: string) => `accessories: {db: {image: i, host: 192.0.2.1, ${more}}}\n`;

function warnings(base: string, staging: string, more: Record<string, string> = {}): readonly string[] {
  const files = { 'deploy.yml': `${minimal}${base}`, 'deploy.staging.yml': staging, ...more };
  return load(files, 'staging').warnings;
}

describe('two destinations that cannot both have something on a machine', () => {
  test('are told of a port, with both lines, whoever publishes it and however it is written', () => {
    const said = (line: string, who: string) =>
      `deploy.staging.yml:1: the port \`${line}\` is also published on 192.0.2.1 by ${who} of destination production (deploy.yml:7); one of them can run`;
    const base = `base_destination: production\n${db('port: "127.0.0.1:5432:5432"')}`;
    expect(warnings(base, 'accessories: {db: {service: own, port: "[::]:5432:5432"}}')).toEqual([
      said('[::]:5432:5432', 'the accessory db'),
    ]);
    const role = 'servers: {web: {hosts: [192.0.2.1], options: {publish: "127.0.0.1:5430-5434:5430-5434"}}}\n';
    expect(warnings(base, `${role}accessories: {db: {service: own, port: "127.0.0.1:9:9"}}\n`)).toEqual([
      said('127.0.0.1:5430-5434:5430-5434', 'the accessory db'),
    ]);
  });

  test('are told of an accessory that both have, by the name of its container', () => {
    expect(warnings(db('env: {}'), 'labels: {a: b}\n')).toEqual([
      'deploy.yml:6: `shop-db` is also what the accessory db of deploy.yml alone (deploy.yml:6) is called on 192.0.2.1; give one of them another `service`',
    ]);
  });

  test('are let be with names, ports, protocols, addresses and machines of their own', () => {
    const base = db('port: "127.0.0.1:5432:5432"');
    const own = (more: string) => warnings(base, `accessories: {db: {service: shop-staging-db, ${more}}}\n`);
    expect(own('port: "127.0.0.1:5433:5432"')).toEqual([]);
    expect(own('port: "127.0.0.1:5432:5432/udp"')).toEqual([]);
    expect(own('port: "127.0.0.2:5432:5432"')).toEqual([]);
    expect(own('port: "127.0.0.1:5432-5440:5432"')).toEqual([]);
    expect(warnings(base, 'accessories: {db: {host: 192.0.2.2}}\n')).toEqual([]);
  });

  test('are not compared with a base file that is nobody’s own', () => {
    const files = { 'deploy.production.yml': 'accessories: {db: {host: 192.0.2.2}}\n' };
    expect(warnings(db('port: "127.0.0.1:5432:5432"'), 'labels: {a: b}\n', files)).toEqual([]);
  });
});

test('ports are read as Docker reads them', () => {
  const [one] = publishedIn('8080:80');
  expect(one).toEqual({ text: '8080:80', address: undefined, ports: [8080], target: 80, protocol: 'tcp' });
  const read = (text: string) => publishedIn(text).map(({ address, ports, target }) => [address, ports, target]);
  expect(read('[::1]:8080:80')).toEqual([['::1', [8080], 80]]);
  expect(read('80')).toEqual([[undefined, [], 80]]);
  expect(read('127.0.0.1::80')).toEqual([['127.0.0.1', [], 80]]);
  expect(read(':8080:80')).toEqual([[undefined, [8080], 80]]);
  expect(read('8000-8002:80')).toEqual([[undefined, [8000, 8001, 8002], 80]]);
  expect(read('10.0.0.1:8000-8001:80-81')).toEqual([
    ['10.0.0.1', [8000], 80],
    ['10.0.0.1', [8001], 81],
  ]);
});

test.each([
  ['', '2001:db8::7', true],
  ['::', '10.0.0.1', true],
  ['::', '0.0.0.0', true],
  ['0.0.0.0', '10.0.0.1', true],
  ['0.0.0.0', '2001:db8::7', false],
  ['10.0.0.1', '10.0.0.2', false],
  ['2001:db8::7', '2001:0db8:0::0007', true],
  ['::ffff:10.0.0.1', '10.0.0.1', true],
])('%j and %j share an address: %s', (one, other, expected) => {
  const port = (address: string) => ({ address, port: 80, protocol: 'tcp' });
  expect(overlaps(port(one), port(other))).toBe(expected);
  expect(overlaps(port(other), port(one))).toBe(expected);
  expect(overlaps(port(one), { ...port(other), protocol: 'udp' })).toBe(false);
});
