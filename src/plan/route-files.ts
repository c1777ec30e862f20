import { basename } from 'node:path';
import type { Config, Role } from '../config/config.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import type { RouteSettings } from '../proxy/route.ts';
import {
  certificateFiles,
  certificatesDirectory,
  errorPagesDirectory,
  inProxy,
  type RouteFiles,
} from '../proxy/files.ts';
import { observedHost, routeOf, versionOf } from './current.ts';
import type { Decision } from './decide.ts';
import type { Step } from './plan.ts';

/** Which files the routes are to have. */
export interface WantedFiles {
  readonly version: string;
  /** `of-file`: as the file says; `as-kept`: those of that release, if they are still there. */
  readonly errorPages: 'of-file' | 'as-kept';
  /** Ids by role, of roles with a certificate of their own. */
  readonly certificates: ReadonlyMap<string, string>;
}

export function routeFilesFor(role: Role, host: ObservedHost, config: Config, wanted: WantedFiles): RouteFiles {
  const { version, errorPages } = wanted;
  const hasPages = errorPages === 'of-file' ? config.errorPagesPath !== undefined : host.errorPages.includes(version);
  const id = wanted.certificates.get(role.name);
  return {
    ...(hasPages ? { errorPages: inProxy(`${errorPagesDirectory(config)}/${version}`) } : {}),
    ...(id === undefined ? {} : certificateFiles(certificatesDirectory(config, role.name), id)),
  };
}

/** The same certificate where Kamal put it is as good: no traffic is sent anew for that alone. */
export function asKamalHasThem(
  files: RouteFiles,
  recorded: RouteSettings,
  host: ObservedHost,
  names: {
    config: Config;
    role: Role;
  },
): RouteFiles {
  const { certificate, ...kamals } = certificateFiles(certificatesDirectory(names.config, names.role.name));
  const isKamals = recorded.certificate === certificate && recorded.privateKey === kamals.privateKey;
  const id = basename(files.certificate?.replace(/\/cert\.pem$/, '') ?? '');
  return isKamals && host.kamalCertificates[names.role.name] === id ? { ...files, certificate, ...kamals } : files;
}

/** Puts the files that routes will name on a machine, before any route names them. */
export function routeFileSteps(decisions: readonly Decision[], host: ObservedHost, config: Config): Step[] {
  const proxied = decisions.filter(({ wanted }) => wanted.role.proxy !== undefined);
  const certificates = proxied.flatMap(({ wanted: { role }, files }): Step[] => {
    const secrets = role.proxy?.certificate;
    const directory = certificatesDirectory(config, role.name);
    const id = basename(files.certificate?.replace(/\/cert\.pem$/, '') ?? '');
    const isThere =
      files.certificate === certificateFiles(directory).certificate || host.certificates[role.name]?.includes(id);
    if (secrets === undefined || files.certificate === undefined || isThere === true) return [];
    return [{ kind: 'write-certificate', directory, id, ...secrets, because: 'this host does not have it' }];
  });
  return [...errorPageSteps(proxied, host, config), ...certificates];
}

function errorPageSteps(proxied: readonly Decision[], host: ObservedHost, config: Config): Step[] {
  const path = proxied.flatMap(({ files }) => files.errorPages ?? [])[0];
  if (path === undefined) return [];
  const version = basename(path);
  const isThere = host.errorPages.includes(version);
  // Containers of a version that are made anew may have other pages than the ones before.
  if (isThere && !proxied.some(({ action }) => action === 'create' || action === 'replace')) return [];
  const because = isThere ? 'its containers are made anew' : 'this host does not have them';
  return [{ kind: 'write-error-pages', directory: `${errorPagesDirectory(config)}/${version}`, because }];
}

/** Directories that no route names any more once the plan is done, and of error pages no container's version. */
export function staleRouteFiles(
  host: ObservedHost,
  config: Config,
  {
    decisions,
    left,
  }: { decisions: readonly Decision[]; left: readonly { name: string; labels: Readonly<Record<string, string>> }[] },
): string[] {
  const services = new Set(decisions.map(({ wanted: { role } }) => routeOf(host, config, role.name)?.service));
  const named = [
    ...host.proxy.routes.filter(({ service }) => !services.has(service)).map(({ settings }) => settings),
    ...decisions.map(({ files }) => files),
  ].flatMap(({ errorPages, certificate, privateKey }) => [errorPages, certificate, privateKey]);
  const isNamed = (path: string) =>
    named.some((one) => one === inProxy(path) || one?.startsWith(`${inProxy(path)}/`) === true);
  const versions = new Set([
    ...decisions.map(({ wanted: { role, spec } }) => versionOf(spec, config, role.name)),
    ...left.map((container) =>
      versionOf(container, config, container.labels['role'] ?? '').replace(/_replaced_[0-9a-f]+$/, ''),
    ),
  ]);
  return [
    ...host.errorPages
      .filter((version) => !versions.has(version))
      .map((version) => `${errorPagesDirectory(config)}/${version}`),
    ...decisions.flatMap(({ wanted: { role } }) =>
      (host.certificates[role.name] ?? []).map((entry) => `${certificatesDirectory(config, role.name)}/${entry}`),
    ),
  ].filter((path) => !isNamed(path));
}

/** What a rollback has to say about pages that are not kept any more. */
export function notesOnFiles(decisions: readonly Decision[], observed: Observed, config: Config): string[] {
  if (config.errorPagesPath === undefined) return [];
  const without = decisions.filter(
    ({ wanted, files }) => wanted.role.proxy !== undefined && files.errorPages === undefined,
  );
  return [...new Set(without.map(({ wanted }) => observedHost(observed, wanted.host).host))].map(
    (host) => `${host}: the error pages of that release are gone, so the proxy shows its own`,
  );
}
