import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Config, ProxyRoute, Role } from '../config/config.ts';
import { Failure } from '../errors.ts';
import { readErrorPages } from '../hosts/this-machine/error-pages.ts';
import { certificateId } from '../proxy/files.ts';
import { together } from './fleet.ts';
import type { Run } from './run.ts';

/** What routes need besides their settings, read and checked before any machine is connected. */
export interface RouteSources {
  /** Text by file name; empty when the file names none. */
  readonly errorPages: ReadonlyMap<string, string>;
  /** Ids by role, of roles with a certificate of their own. */
  readonly certificates: ReadonlyMap<string, string>;
}

const warnDays = 14;

/**
 * Goes back to a release with the newest certificate, and with the error pages that lie on the machines.
 * @throws Failure for pages that are not there, and for a certificate that cannot be used, with every problem
 */
export async function readRouteSources(
  config: Config,
  secrets: ReadonlyMap<string, string>,
  { run, cwd, now = new Date() }: { run: Run; cwd: string; now?: Date },
): Promise<RouteSources> {
  const isRollback = run.command === 'rollback';
  const path = isRollback ? undefined : config.errorPagesPath;
  const problems: Failure[] = [];
  const certificates = new Map<string, string>();
  for (const role of config.roles) {
    const { certificate } = role.proxy ?? {};
    if (certificate === undefined) continue;
    const pem = secrets.get(certificate.certificate) ?? '';
    const checked = checkCertificate({
      role,
      names: certificate,
      pem,
      key: secrets.get(certificate.privateKey) ?? '',
      now,
    });
    const isOver = checked.expired !== undefined && !isRollback;
    problems.push(...checked.problems, ...(isOver ? [checked.expired] : []));
    const said = [
      ...checked.warnings,
      ...(checked.expired !== undefined && isRollback ? [checked.expired.message] : []),
    ];
    for (const text of said) run.emit({ type: 'warning', text });
    certificates.set(role.name, certificateId(pem));
  }
  if (problems.length > 0) throw together(problems, 'Nothing was changed.');
  return { errorPages: path === undefined ? new Map() : await readErrorPages(path, cwd), certificates };
}

interface CertificateCheck {
  readonly role: Role;
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
function checkCertificate({ role, names, pem, key, now }: CertificateCheck): Checked {
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
  const what = `the certificate of ${role.name} (${names.certificate})`;
  const daysLeft = Math.floor((until.getTime() - now.getTime()) / 86_400_000);
  const uncovered = (role.proxy?.hosts ?? []).filter(
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
