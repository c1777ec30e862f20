import { lookup } from 'node:dns/promises';
import type { RegistryCredentials } from '../docker.ts';
import { getText } from './registry-get.ts';

/** One repository of a registry, as this machine reaches it. */
export interface Registry {
  /** @param path below the repository, such as `manifests/v1`. @throws Error of any kind */
  json<T>(path: string, accept: string): Promise<T>;
}

interface Ask {
  readonly credentials?: RegistryCredentials;
  readonly signal: AbortSignal;
}

/** The login leaves this machine by TLS only; as Docker does, a registry on this machine is spoken to without. */
export async function openRegistry(repository: string, { credentials, signal }: Ask): Promise<Registry> {
  const { server, name } = placeOf(repository);
  const scheme = (await isOnThisMachine(server)) ? 'http' : 'https';
  const basic =
    credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  let authorization: string | undefined;

  const get = (path: string, accept: string) =>
    getText(new URL(`${scheme}://${server}/v2/${name}/${path}`), {
      headers: { accept, ...(authorization && { authorization }) },
      signal,
    });

  return {
    async json<T>(path: string, accept: string): Promise<T> {
      let response = await get(path, accept);
      if (response.status === 401 && authorization === undefined) {
        authorization = await answerTo(response.challenge, { basic, signal });
        response = await get(path, accept);
      }
      if (response.status !== 200) throw new Error(`the registry answered ${response.status}`);
      return JSON.parse(response.text) as T;
    },
  };
}

/** What a registry's challenge asks for: the login itself, or a token that another server gives for it. */
async function answerTo(challenge: string, { basic, signal }: { basic: string | undefined; signal: AbortSignal }) {
  if (!/^bearer /i.test(challenge)) return basic;
  const said = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const realm = new URL(String(said['realm']));
  if (realm.protocol !== 'https:' && !(await isOnThisMachine(realm.host))) throw new Error('a token in the clear');
  for (const key of ['service', 'scope']) if (said[key] !== undefined) realm.searchParams.set(key, said[key]);
  const { text } = await getText(realm, { headers: basic === undefined ? {} : { authorization: basic }, signal });
  const { token, access_token } = JSON.parse(text) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token}`;
}

/** Docker's own registry is meant where a name has none, and its name is not its address. */
function placeOf(repository: string): { server: string; name: string } {
  const [first = '', ...rest] = repository.split('/');
  const hasServer = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasServer && !/^(index\.)?docker\.io$/.test(first)) return { server: first, name: rest.join('/') };
  const name = hasServer ? rest.join('/') : repository;
  return { server: 'registry-1.docker.io', name: name.includes('/') ? name : `library/${name}` };
}

async function isOnThisMachine(server: string): Promise<boolean> {
  const name = new URL(`http://${server}`).hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(name, { all: true }).catch(() => []);
  return addresses.length > 0 && addresses.every(({ address }) => /^(127\.|::1$)/.test(address));
}
