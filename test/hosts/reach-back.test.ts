import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Connection, ServerChannel } from 'ssh2';
import { afterEach, expect, it } from 'vitest';
import { sshServer, type ServerOptions } from './ssh-server.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Something that listens on this machine and says the same to everybody. */
async function listener(): Promise<number> {
  const server: Server = createServer((socket) => socket.on('error', () => undefined).end('from here'));
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function connected(options: ServerOptions = {}) {
  const server = await sshServer(options);
  open.push(server);
  return server.connect();
}

/** What a program on the machine hears at that port. */
function hear(client: Connection, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', port, '127.0.0.1', 40_000, (error: Error | undefined, channel: ServerChannel) => {
      if (error) return reject(error);
      let text = '';
      channel.on('data', (bytes: Buffer) => (text += bytes.toString()));
      channel.on('end', () => channel.end());
      channel.on('close', () => resolve(text));
    });
  });
}

it('leads a port of the machine to the same port here, until it is ended', async () => {
  const port = await listener();
  const asked: { port: number; client: Connection }[] = [];
  const host = await connected({ onForward: (wanted, client) => asked.push({ port: wanted, client }) });
  const end = await host.reachBack(port);
  expect(asked.map((one) => one.port)).toEqual([port]);
  const [{ client } = { client: undefined as never }] = asked;
  expect(await hear(client, port)).toBe('from here');
  end();
  await expect(hear(client, port)).rejects.toThrow('Channel open failure');
  await host.close();
});

it('says that the machine refuses it, and what may be wrong', async () => {
  const host = await connected();
  await expect(host.reachBack(await listener())).rejects.toMatchObject({
    code: 'forwarding-refused',
    hint: expect.stringContaining('AllowTcpForwarding'),
  });
  await host.close();
});

it('says that nothing listens here, before the machine is asked', async () => {
  const asked: number[] = [];
  const host = await connected({ onForward: (port) => asked.push(port) });
  await expect(host.reachBack(1)).rejects.toMatchObject({
    code: 'forwarding-refused',
    hint: expect.stringContaining('registry setup'),
  });
  expect(asked).toEqual([]);
  await host.close();
});
