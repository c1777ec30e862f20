import type { Config, Role } from '../config/config.ts';
import {
  assetsDirectory,
  leftOutFile,
  lockDirectory,
  releaseLogsDirectory,
  releasesFile,
  unfinishedFile,
  watchedDirectory,
} from '../containers/names.ts';
import { variablesOf } from '../containers/delivery.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { HostState, StateQuery } from '../hosts/host.ts';
import { proxyDirectory, proxyFileNames } from '../proxy/boot-config.ts';
import { certificateId, certificatesDirectory, errorPagesDirectory } from '../proxy/files.ts';
import type { LeftOut, ObservedHost, UnfinishedRun, WatchedContainer } from './observed.ts';

/** What is asked about a machine's files, all in one batch. */
export function stateQuery(
  config: Config,
  host: string,
  wanted: readonly { readonly spec: ContainerSpec }[],
): StateQuery {
  const boot = config.proxyRuns.has(host) ? [] : proxyFileNames.map((name) => `${proxyDirectory}/${name}`);
  const ownCertificates = proxied(config).filter(({ proxy }) => proxy?.certificate !== undefined);
  return {
    lockDirectory: lockDirectory(config),
    releasesFile: releasesFile(config),
    files: [
      unfinishedFile(config),
      leftOutFile(config),
      ...boot,
      ...ownCertificates.map((role) => kamalCertificate(config, role)),
    ],
    paths: [],
    variables: [...new Set(wanted.flatMap(({ spec }) => variablesOf(spec)))],
    directories: [
      ...Object.values(assetDirectories(config)),
      watchedDirectory(config),
      errorPagesDirectory(config),
      ...(config.release === undefined ? [] : [releaseLogsDirectory(config)]),
      ...namesWithCertificates(config).map((name) => certificatesDirectory(config, name)),
    ],
  };
}

/** What lies in the directories beside the containers. */
export function filesIn(
  { directories, files }: HostState,
  config: Config,
): Pick<
  ObservedHost,
  | 'assets'
  | 'watched'
  | 'errorPages'
  | 'certificates'
  | 'kamalCertificates'
  | 'proxyFiles'
  | 'unfinished'
  | 'releaseLogs'
  | 'leftOut'
> {
  const entries = (directory: string) => directories[directory] ?? [];
  const { extracted, volumes } = assetDirectories(config);
  return {
    releaseLogs: [...entries(releaseLogsDirectory(config))].sort(),
    ...parseUnfinished(files[unfinishedFile(config)]),
    leftOut: parseLeftOut(files[leftOutFile(config)]),
    assets: { extracted: entries(extracted), volumes: entries(volumes) },
    watched: entries(watchedDirectory(config)).flatMap(watchedContainer),
    errorPages: entries(errorPagesDirectory(config)),
    certificates: Object.fromEntries(
      namesWithCertificates(config).map((name) => [name, entries(certificatesDirectory(config, name))]),
    ),
    kamalCertificates: Object.fromEntries(
      proxied(config).flatMap((role) => {
        const pem = files[kamalCertificate(config, role)];
        return pem === undefined ? [] : [[role.name, certificateId(pem)]];
      }),
    ),
    proxyFiles: Object.fromEntries(
      proxyFileNames.flatMap((name) => {
        const text = files[`${proxyDirectory}/${name}`];
        return text === undefined ? [] : [[name, text]];
      }),
    ),
  };
}

/** By the name of its file, `<id>.<state>.<token>`. */
function watchedContainer(file: string): WatchedContainer[] {
  const [container = '', state] = file.split('.');
  return state === 'quiet' || state === 'working' || state === 'waking' ? [{ container, state, file }] : [];
}

function assetDirectories(config: Config): { extracted: string; volumes: string } {
  const directory = assetsDirectory(config);
  return { extracted: `${directory}/extracted`, volumes: `${directory}/volumes` };
}

function kamalCertificate(config: Config, { name }: Role): string {
  return `${certificatesDirectory(config, name)}/cert.pem`;
}

/** Roles with traffic, which may have had a certificate of their own, and accessories with one; they lie in one place. */
function namesWithCertificates(config: Config): string[] {
  const accessories = config.accessories.filter(({ proxy }) => proxy?.certificate !== undefined);
  return [...new Set([...proxied(config), ...accessories].map(({ name }) => name))];
}

function proxied({ roles }: Config): Role[] {
  return roles.filter(({ proxy }) => proxy !== undefined);
}

/** A note that was cut off while it was written is of a run that had not begun its hooks. */
function parseUnfinished(text: string | undefined): Pick<ObservedHost, 'unfinished'> {
  try {
    const run = JSON.parse(text ?? '') as UnfinishedRun;
    return typeof run.at === 'string' && Array.isArray(run.hookedHosts) ? { unfinished: run } : {};
  } catch {
    return {};
  }
}

/** What cannot be read says nothing. */
function parseLeftOut(text: string | undefined): LeftOut[] {
  try {
    const found = JSON.parse(text ?? '') as LeftOut[];
    return found.filter(({ host, version, at }) => [host, version, at].every((fact) => typeof fact === 'string'));
  } catch {
    return [];
  }
}
