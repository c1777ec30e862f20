import { readFileSync } from 'node:fs';
import ssh2, { type BaseAgent, type IdentityCallback, type ParsedKey, type SignCallback } from 'ssh2';
import { messageOf } from '../errors.ts';
import type { SshSettings } from './ssh-settings.ts';

/** One key to offer to a machine, or a set of the agent's. */
export type KeyOffer =
  | { readonly type: 'publickey'; readonly key: ParsedKey }
  | { readonly type: 'agent'; readonly agent: BaseAgent }
  | { readonly type: 'none' };

export interface KeyOffers {
  /** The next key, asking for a passphrase only when its turn has come; undefined when all were offered. */
  next(): Promise<KeyOffer | undefined>;
  /** What was offered so far and what could not be, one line each. */
  readonly story: string[];
}

export type AskSecret = (question: string) => Promise<string>;

/** The keys that were given themselves, then OpenSSH's order: the agent's that a key file names, the files, the rest of the agent's, none. */
export async function keyOffers(
  settings: Pick<SshSettings, 'agent' | 'keyFiles' | 'keyTexts' | 'identitiesOnly'>,
  askSecret: AskSecret | undefined,
): Promise<KeyOffers> {
  const story: string[] = [];
  const agent = settings.agent === undefined ? undefined : ssh2.createAgent(settings.agent);
  const held = agent === undefined ? [] : await identities(agent, settings.agent ?? '', story);
  const named = new Set(settings.keyFiles.map((file) => publicKeyOf(file)).filter((key) => key !== undefined));
  const first = held.filter((key) => named.has(blob(key)));
  const rest = settings.identitiesOnly ? [] : held.filter((key) => !named.has(blob(key)));
  const covered = new Set(first.map(blob));
  const offers = offersInOrder();
  return { story, next: async () => (await offers.next()).value ?? undefined };

  async function* offersInOrder(): AsyncGenerator<KeyOffer, undefined> {
    for (const { name, text } of settings.keyTexts) {
      const key = await openKey(
        name,
        { text, unlockWith: 'hold the key without a passphrase there' },
        askSecret,
        story,
      );
      if (key === undefined) continue;
      story.push(`offered ${name} (${key.type})`);
      yield { type: 'publickey', key };
    }
    if (agent !== undefined && first.length > 0) yield fromAgent(agent, first);
    for (const file of settings.keyFiles) {
      const text = textOf(file);
      if (text === undefined || covered.has(publicKeyOf(file) ?? '')) continue;
      const key = await openKey(
        file,
        { text, unlockWith: `add it to the agent first (ssh-add ${file})` },
        askSecret,
        story,
      );
      if (key === undefined) continue;
      story.push(`offered ${file} (${key.type})`);
      yield { type: 'publickey', key };
    }
    if (agent !== undefined && rest.length > 0) yield fromAgent(agent, rest);
    if (story.length === 0) story.push('found no key: no agent (SSH_AUTH_SOCK), no key file');
    // Tailscale SSH and the like let in who comes from the right place, without a key.
    yield { type: 'none' };
    return undefined;
  }

  function fromAgent(from: BaseAgent, keys: readonly ParsedKey[]): KeyOffer {
    story.push(...keys.map((key) => `offered the agent's ${key.comment || key.type} (${key.type})`));
    return { type: 'agent', agent: restricted(from, keys) };
  }
}

function identities(agent: BaseAgent, socket: string, story: string[]): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) story.push(`the agent at ${socket} did not answer: ${error.message}`);
      resolve((keys ?? []).filter((key): key is ParsedKey => typeof key === 'object' && 'getPublicSSH' in key));
    });
  });
}

/** An agent that shows only these keys, in this order. */
function restricted(agent: BaseAgent, keys: readonly ParsedKey[]): BaseAgent {
  return Object.assign(Object.create(ssh2.BaseAgent.prototype) as BaseAgent, {
    getIdentities: (answer: IdentityCallback) => answer(null, [...keys]),
    sign: (key: ParsedKey, data: Buffer, options: object, answer: SignCallback) =>
      agent.sign(key, data, options, answer),
  });
}

const opened = new WeakMap<AskSecret, Map<string, Promise<ParsedKey | undefined>>>();

interface Locked {
  readonly text: string;
  /** What helps when nobody can be asked. */
  readonly unlockWith: string;
}

/** A private key; its passphrase is asked for once, however many machines want the key. */
async function openKey(name: string, { text, unlockWith }: Locked, askSecret: AskSecret | undefined, story: string[]) {
  const plain = parse(text);
  if (!(plain instanceof Error)) return plain;
  if (!/passphrase|encrypted/i.test(plain.message)) {
    story.push(`could not use ${name}: ${plain.message}`);
    return undefined;
  }
  if (askSecret === undefined) {
    story.push(`could not use ${name}: it has a passphrase; ${unlockWith}`);
    return undefined;
  }
  const keys = opened.get(askSecret) ?? new Map<string, Promise<ParsedKey | undefined>>();
  opened.set(askSecret, keys);
  const key = keys.get(name) ?? askSecret(`Passphrase for ${name}: `).then((passphrase) => unlocked(text, passphrase));
  keys.set(name, key);
  const answer = await key.catch((error: unknown) => void story.push(`no passphrase for ${name}: ${messageOf(error)}`));
  if (answer === undefined) story.push(`could not use ${name}: its passphrase was wrong`);
  return answer ?? undefined;
}

function unlocked(text: string, passphrase: string): ParsedKey | undefined {
  const key = parse(text, passphrase);
  return key instanceof Error ? undefined : key;
}

function parse(text: string, passphrase?: string): ParsedKey | Error {
  try {
    const parsed = ssh2.utils.parseKey(text, passphrase) as ParsedKey | ParsedKey[] | Error;
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key instanceof Error) return key;
    return key?.isPrivateKey() === true ? key : new Error('it holds no private key');
  } catch (error) {
    return new Error(messageOf(error));
  }
}

/** The public key beside a private one, base64. */
function publicKeyOf(file: string): string | undefined {
  return textOf(`${file}.pub`)?.split(/\s+/)[1];
}

function blob(key: ParsedKey): string {
  return key.getPublicSSH().toString('base64');
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
