import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Config, ProxyRoute, Role } from '../config/config.ts';
import { Failure } from '../errors.ts';
import { readErrorPages } from '../hosts/this-machine/error-pages.ts';
import { certificateId } from '../proxy/files.ts';
import { together } from './together.ts';
import type { Run } from './run.ts';
import type { Purpose } from './session.ts';

/** What routes need besides their settings, read and checked before any machine is connected. */
export interface RouteSources {
  /** Text by file name; empty when the file names none. */
  readonly errorPages: ReadonlyMap<string, string>;
  /** Ids by role, of roles with a certificate of their own. */
  readonly certificates: ReadonlyMap<string, string>;
  /** The same by accessory; of those whose secrets this run has. */
  readonly accessoryCertificates: ReadonlyMap<string, string>;
}

const warnDays = 14;

export interface RouteRequest {
  readonly run: Run;
  readonly cwd: string;
  readonly needs: Purpose['needs'];
  readonly now?: Date;
}

/**
 * Goes back to a release with the newest certificate, and with the error pages that lie on the machines.
 * @throws Failure for pages that are not there, and for a certificate that cannot be used, with every problem
 */
export async function readRouteSources(
  config: Config,
  secrets: ReadonlyMap<string, string>,
  { run, cwd, needs, now = new Date() }: RouteRequest,
): Promise<RouteSources> {
  const roles = needs.includes('containers') ? config.roles : [];
  const accessories = needs.includes('accessory-routes') ? config.accessories : [];
  const problems = [...roles, ...accessories].flatMap((part) => problemsWith(part, { secrets, run, now }));
  if (problems.length > 0) throw together(problems, 'Nothing was changed.');
  const path = needs.includes('containers') && run.command !== 'rollback' ? config.errorPagesPath : undefined;
  return {
    errorPages: path === undefined ? new Map() : await readErrorPages(path, cwd),
    certificates: idsOf(roles, secrets),
    accessoryCertificates: idsOf(config.accessories, secrets),
  };
}

/** Who has a route: a role or an accessory. */
type Routed = Pick<Role, 'name' | 'proxy'>;

function idsOf(parts: readonly Routed[], secrets: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    parts.flatMap(({ name, proxy }) => {
      const pem = proxy?.certificate && secrets.get(proxy.certificate.certificate);
      return pem === undefined ? [] : [[name, certificateId(pem)] as const];
    }),
  );
}

/** What is no reason to stop is said: also that one has expired, where something is brought back as it was. */
function problemsWith(
  part: Routed,
  { secrets, run, now }: { secrets: ReadonlyMap<string, string>; run: Run; now: Date },
): Failure[] {
  const names = part.proxy?.certificate;
  if (names === undefined) return [];
  const pem = secrets.get(names.certificate) ?? '';
  const key = secrets.get(names.privateKey) ?? '';
  const { problems, expired, warnings } = checkCertificate({ part, names, pem, key, now });
  const isOnlySaid = ['rollback', 'accessory start', 'accessory restart', 'accessory details'].includes(run.command);
  const said = [...warnings, ...(expired !== undefined && isOnlySaid ? [expired.message] : [])];
  for (const text of said) run.emit({ type: 'warning', text });
  return [...problems, ...(expired === undefined || isOnlySaid ? [] : [expired])];
}

interface CertificateCheck {
  readonly part: Routed;
  readonly names: NonNullable<ProxyRoute['certificate']>;
  readonly pem: string;
  readonly key: string;
  readonly now: Date;
}

interface Checked {
  readonly problems: readonly Failure[];
  readonly expired?: Failure;
  readonly warnings: readonly string[];
}

/** Says names of secrets, roles and hosts, and nothing of the key. */
function checkCertificate({ part, names, pem, key, now }: CertificateCheck): Checked {
  const certificate = read(() => new X509Certificate(pem));
  const privateKey = read(() => createPrivateKey(key));
  const problems = [
    ...(certificate === undefined ? [unreadable(names.certificate, 'certificate', pem)] : []),
    ...(privateKey === undefined ? [unreadable(names.privateKey, 'private key', key)] : []),
    ...mismatch({ certificate, privateKey, names }),
  ];
  if (certificate === undefined) return { problems, warnings: [] };
  const until = new Date(certificate.validTo);
  const day = until.toISOString().slice(0, 10);
  const what = `the certificate of ${part.name} (${names.certificate})`;
  const daysLeft = Math.floor((until.getTime() - now.getTime()) / 86_400_000);
  const uncovered = (part.proxy?.hosts ?? []).filter(
    (host) => certificate.checkHost(host.replace(/^\*/, 'any')) === undefined,
  );
  const warnings = [
    ...(daysLeft >= 0 && daysLeft < warnDays ? [`${what} is valid for ${daysLeft} more days, until ${day}`] : []),
    ...(new Date(certificate.validFrom) > now ? [`${what} is not valid before ${certificate.validFrom}`] : []),
    ...uncovered.map((host) => `${what} is not for ${host}`),
  ];
  if (until > now) return { problems, warnings };
  const expired = new Failure('secrets-invalid', `${what} expired on ${day}`, {
    hint: `Renew it, and put it where ${names.certificate} and ${names.privateKey} come from.`,
  });
  return { problems, warnings, expired };
}

function mismatch({
  certificate,
  privateKey,
  names,
}: Pick<CertificateCheck, 'names'> & {
  certificate: X509Certificate | undefined;
  privateKey: KeyObject | undefined;
}): Failure[] {
  if (certificate === undefined || privateKey === undefined || certificate.checkPrivateKey(privateKey)) return [];
  return [
    new Failure('secrets-invalid', `${names.privateKey} is not the key of the certificate ${names.certificate}`, {
      hint: 'The first certificate of the file has to be the server’s own, followed by those that signed it.',
    }),
  ];
}

function unreadable(name: string, what: string, text: string): Failure {
  const hint = text.includes('\\n')
    ? 'It has \\n in the place of line breaks: put it in the secrets file in quotes, with its lines.'
    : text.includes('ENCRYPTED')
      ? 'It is encrypted, and the proxy has no passphrase for it: take the encryption off.'
      : `It should begin with -----BEGIN ${what === 'certificate' ? 'CERTIFICATE' : 'PRIVATE KEY'}-----.`;
  return new Failure('secrets-invalid', `${name} holds no ${what} in PEM form`, { hint });
}

function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
