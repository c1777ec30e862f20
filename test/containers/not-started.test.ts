import { describe, expect, test } from 'vitest';
import { missingAddress, whyNotStarted } from '../../src/containers/not-started.ts';

const connectivity = 'driver failed programming external connectivity on endpoint shop-db (5f0c1a)';
const missing = (socket: string) =>
  `${connectivity}: Error starting userland proxy: listen ${socket}: bind: cannot assign requested address`;

describe("Docker's reason for not starting a container", () => {
  test.each([
    [missing('tcp4 192.0.2.11:5432'), '192.0.2.11'],
    [missing('udp4 192.0.2.11:53'), '192.0.2.11'],
    [missing('tcp6 [fd7a:115c:a1e0::1]:5432'), 'fd7a:115c:a1e0::1'],
    [
      `failed to set up container networking: ${connectivity}: failed to bind host port 192.0.2.11:5432/tcp: cannot assign requested address`,
      '192.0.2.11',
    ],
    [
      `${connectivity}: failed to bind host port for 192.0.2.11:5432:172.18.0.2:5432/tcp: cannot assign requested address`,
      '192.0.2.11',
    ],
    [`${connectivity}: failed to bind host port [fd7a::1]:80/tcp: cannot assign requested address`, 'fd7a::1'],
  ])('%s', (error, address) => {
    expect(missingAddress(error)).toBe(address);
    expect(whyNotStarted(error, ['127.0.0.1'])).toBe(
      `${address} is missing on the machine, as it was when Docker tried to start it`,
    );
    expect(whyNotStarted(error, ['127.0.0.1', address])).toBe(
      `${address} was missing on the machine when Docker tried to start it, and is there again`,
    );
    expect(whyNotStarted(error, undefined)).toBe(`${address} was missing on the machine when Docker tried to start it`);
  });

  test.each([
    [`${connectivity}: Bind for 0.0.0.0:80 failed: port is already allocated`, 'the port 80 of 0.0.0.0'],
    [
      `${connectivity}: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use`,
      'the port 80 of 0.0.0.0',
    ],
    [`${connectivity}: failed to bind host port [::1]:80/tcp: address already in use`, 'the port 80 of ::1'],
  ])('%s', (error, port) => {
    expect(missingAddress(error)).toBeUndefined();
    expect(whyNotStarted(error, [])).toBe(`${port} was taken by something else when Docker tried to start it`);
  });

  test('is told as it is where nothing more is known', () => {
    expect(whyNotStarted('network kamal not found', [])).toBe('Docker could not start it: network kamal not found');
  });
});
