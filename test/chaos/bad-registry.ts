import { createServer, request } from 'node:http';
import { sandbox } from '../e2e/harness.ts';

/** In front of the sandbox's registry, where machines reach it: answers blobs wrongly. */
export interface BadRegistry {
  /** On the machines' network. */
  readonly address: string;
  stop(): void;
}

/** @param how a status for everything, or `half`: each layer stops in the middle and the connection is closed */
export async function startBadRegistry(how: 401 | 429 | 'half'): Promise<BadRegistry> {
  const address = (sandbox['DAL_01'] ?? '').replace(/\d+$/, '1');
  const server = createServer((asked, answer) => {
    if (how !== 'half') {
      answer.writeHead(how, { 'content-type': 'application/json' });
      return void answer.end(
        `{"errors":[{"code":"${how === 401 ? 'UNAUTHORIZED' : 'TOOMANYREQUESTS'}","message":"chaos"}]}`,
      );
    }
    const onward = request(
      { host: '127.0.0.1', port: 5000, method: asked.method, path: asked.url, headers: asked.headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        if (!asked.url?.includes('/blobs/') || Number(response.headers['content-length'] ?? 0) < 100_000)
          return void response.pipe(answer);
        let sent = 0;
        response.on('data', (chunk: Buffer) => {
          sent += chunk.length;
          answer.write(chunk);
          if (sent > Number(response.headers['content-length']) / 2) answer.destroy();
        });
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(5000, address, resolve));
  return {
    address,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
