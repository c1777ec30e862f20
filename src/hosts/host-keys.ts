import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../errors.ts';
import { type KnownKey, knownKeys } from './known-hosts.ts';

export interface HostKeyRequest {
  /** As the user wrote it, for messages. */
  name: string;
  /** What known_hosts calls the machine. */
  keyName: string;
  /** Where it is dialled, for messages. */
  address: string;
  port: number;
  user: string;
  userFiles: readonly string[];
  globalFiles: readonly string[];
  /** Writes an unknown key down and goes on; a changed one is refused all the same. */
  acceptNew: boolean;
}

export interface HostKeyCheck {
  /** Order in which to ask for the machine's keys: the types that are known first. */
  readonly algorithms: readonly string[];
  /** For ssh2; after `false`, `refusal` says why. */
  verify(key: Buffer): boolean;
  refusal(): Failure | undefined;
}

const algorithmsOfType: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Checks a machine's key against known_hosts as OpenSSH does. @throws Failure when a file cannot be read */
export function hostKeyCheck(request: HostKeyRequest): HostKeyCheck {
  const known = knownKeys([...request.userFiles, ...request.globalFiles], request.keyName);
  let refusal: Failure | undefined;
  return {
    algorithms: preferred(known),
    verify(key) {
      refusal = refusalOf(key, known, request);
      if (refusal?.code === 'host-key-unknown' && request.acceptNew) refusal = writeDown(key, request);
      return refusal === undefined;
    },
    refusal: () => refusal,
  };
}

/** `SHA256:…` as `ssh-keygen -l` shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function preferred(known: readonly KnownKey[]): string[] {
  const types = new Set(known.filter(({ revoked }) => !revoked).map(({ type }) => type));
  const order = Object.keys(algorithmsOfType).toSorted((a, b) => Number(types.has(b)) - Number(types.has(a)));
  return order.flatMap((type) => algorithmsOfType[type] ?? []);
}

function refusalOf(key: Buffer, known: readonly KnownKey[], request: HostKeyRequest): Failure | undefined {
  const text = key.toString('base64');
  const same = known.filter((line) => line.key === text);
  const revoked = same.find((line) => line.revoked);
  if (revoked !== undefined) {
    return new Failure(
      'host-key-changed',
      `${request.name} answers with a key that ${revoked.where} has revoked (${describe(key)}).`,
      {
        hint: 'Ask who runs the machine. Nothing is done there with a revoked key.',
      },
    );
  }
  if (same.length > 0) return undefined;
  const other = known.find((line) => !line.revoked);
  return other === undefined ? unknownKey(key, request) : changedKey(key, other, request);
}

function unknownKey(key: Buffer, request: HostKeyRequest): Failure {
  const port = request.port === 22 ? '' : `-p ${request.port} `;
  return new Failure('host-key-unknown', `The key of ${request.name} is in no known_hosts file: ${describe(key)}.`, {
    hint:
      `Compare it with the machine's own (ssh-keygen -lf /etc/ssh/ssh_host_${fileType(key)}_key.pub there). If it is the same, ` +
      `trust it with: longshore setup --accept-new-host-keys, or: ssh ${port}${request.user}@${request.address}`,
  });
}

function changedKey(key: Buffer, known: KnownKey, request: HostKeyRequest): Failure {
  return new Failure(
    'host-key-changed',
    `The key of ${request.name} is not the one in ${known.where}: it now answers with ${describe(key)}.`,
    {
      hint:
        'Either the machine was made anew, or someone stands in between. If you know it was made anew: ' +
        `ssh-keygen -R '${request.keyName}' -f ${known.where.replace(/:\d+$/, '')}`,
    },
  );
}

function writeDown(key: Buffer, request: HostKeyRequest): Failure | undefined {
  const [file] = request.userFiles;
  if (file === undefined || file === '/dev/null') return undefined;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const start = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, 'utf8')) ? '\n' : '';
  const line = `${request.keyName} ${typeOf(key)} ${key.toString('base64')}`;
  appendFileSync(file, `${start}${line}\n`, { mode: 0o600 });
  return undefined;
}

function describe(key: Buffer): string {
  return `${typeOf(key)} ${fingerprint(key)}`;
}

/** The first field of the key as SSH sends it. */
function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

function fileType(key: Buffer): string {
  const type = typeOf(key);
  return type === 'ssh-rsa' ? 'rsa' : type.startsWith('ecdsa') ? 'ecdsa' : 'ed25519';
}
