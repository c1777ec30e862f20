import { expect, test } from 'vitest';
import { ownerOf } from '../../src/execute/certificate.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nkamal-proxy:x:1000:1001::/home/kamal-proxy:/bin/sh\n';

test.each([
  ['kamal-proxy', { uid: 1000, gid: 1001 }],
  ['kamal-proxy:kamal-proxy', { uid: 1000, gid: 1001 }],
  ['kamal-proxy:5', { uid: 1000, gid: 5 }],
  ['1000', { uid: 1000, gid: 1001 }],
  ['2000:2001', { uid: 2000, gid: 2001 }],
  ['2000', { uid: 2000, gid: 0 }],
  ['', { uid: 0, gid: 0 }],
  ['root', { uid: 0, gid: 0 }],
  ['nobody', undefined],
])('the user %j is %j', (user, owner) => {
  expect(ownerOf(user, passwd)).toEqual(owner);
});
