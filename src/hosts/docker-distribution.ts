import type { Docker } from './docker.ts';
import type { Engine } from './docker-engine.ts';

/** Lets the engine ask a registry what a tag names; the credentials travel with the request and stay nowhere. */
export function registryDigest(engine: Engine, ...[reference, ask]: Parameters<Docker['registryDigest']>) {
  const { credentials, timeoutSeconds } = ask;
  return engine.call(
    `ask the registry for ${reference}`,
    async ({ modem }, abortSignal) => {
      const answer = await new Promise<Distribution>((resolve, reject) => {
        modem.dial(
          {
            path: `/distribution/${reference}/json`,
            method: 'GET',
            statusCodes: { 200: true, 401: 'refused', 403: 'refused', 404: 'unknown', 500: 'server error' },
            abortSignal,
            ...(credentials === undefined ? {} : { authconfig: authOf(credentials) }),
          },
          (error: unknown, said: unknown) => (error ? reject(error) : resolve(said as Distribution)),
        );
      });
      return answer.Descriptor.digest;
    },
    { timeoutSeconds },
  );
}

interface Distribution {
  Descriptor: { digest: string };
}

function authOf({
  server: serveraddress,
  username,
  password,
}: NonNullable<Parameters<Docker['registryDigest']>[1]['credentials']>) {
  return { username, password, serveraddress };
}
