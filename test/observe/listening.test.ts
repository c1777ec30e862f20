import { expect, test } from 'vitest';
import { parseListening } from '../../src/observe/listening.ts';

test('the kernel’s lists say where somebody listens', () => {
  const files = {
    '/proc/net/tcp': `  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 92040
   1: 0100007F:1538 00000000:0000 0A 00000000:00000000
   2: 0B524064:D328 02524064:1388 01 00000000:00000000`,
    '/proc/net/tcp6': `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: B80D0120000000000000000007000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000`,
    '/proc/net/udp':
      '  sl\n  12: 3500007F:0035 00000000:0000 07 00000000:00000000\n  13: 3500007F:0036 00000000:0000 01 0',
  };
  expect(parseListening(files)).toEqual([
    { address: '0.0.0.0', port: 22, protocol: 'tcp' },
    { address: '127.0.0.1', port: 5432, protocol: 'tcp' },
    { address: '::', port: 80, protocol: 'tcp' },
    { address: '2001:0db8:0000:0000:0000:0000:0000:0007', port: 443, protocol: 'tcp' },
    { address: '127.0.0.1', port: 81, protocol: 'tcp' },
    { address: '127.0.0.53', port: 53, protocol: 'udp' },
  ]);
});
