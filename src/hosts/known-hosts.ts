import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Failure, messageOf } from '../errors.ts';

/** One line of a known_hosts file that is about the asked machine. */
export interface KnownKey {
  readonly type: string;
  /** The key as SSH sends it, base64. */
  readonly key: string;
  readonly revoked: boolean;
  /** `/home/me/.ssh/known_hosts:12` */
  readonly where: string;
}

/**
 * Every key that these files know for a machine. Files that are not there know nothing.
 * @throws Failure `host-key-unknown` for a file that cannot be read: what it would have refused is not known
 */
export function knownKeys(files: readonly string[], keyName: string): KnownKey[] {
  return files.flatMap((file) => keysIn(read(file), file, keyName));
}

/** How known_hosts writes a machine: the port only when it is not 22. */
export function nameOf(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw new Failure(
      'host-key-unknown',
      `${file} cannot be read, so no host key can be checked: ${messageOf(error)}`,
      {
        hint: `Make ${file} readable, then try again.`,
      },
    );
  }
}

function keysIn(text: string, file: string, name: string): KnownKey[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [patterns = '', type, key] = words;
    if (patterns === '' || patterns.startsWith('#') || type === undefined || key === undefined) return [];
    // Certificates of a host are something ssh2 cannot check: such a line makes no key known.
    if (marker !== undefined && marker !== '@revoked') return [];
    if (!matches(patterns, name)) return [];
    return [{ type, key, revoked: marker === '@revoked', where: `${file}:${index + 1}` }];
  });
}

/** A comma-separated list of globs in which one `!` match excludes, or one hashed name. */
function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith('|')) return matchesHash(patterns, name);
  const list = patterns.toLowerCase().split(',');
  if (list.some((pattern) => pattern.startsWith('!') && glob(pattern.slice(1)).test(name))) return false;
  return list.some((pattern) => !pattern.startsWith('!') && glob(pattern).test(name));
}

/** `|1|salt|HMAC-SHA1(salt, name)` */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt, digest] = hashed.split('|');
  if (version !== '1' || salt === undefined || digest === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest;
}

function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
