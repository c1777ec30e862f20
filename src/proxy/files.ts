import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { serviceOnMachine } from '../containers/names.ts';

/** Files that the proxy reads: they lie on the machine in one directory, which it mounts (reference, sections 3.2 and 3.7). */
export const appsConfigDirectory = '.kamal/proxy/apps-config';
export const appsConfigInProxy = '/home/kamal-proxy/.apps-config';

/** What a route names besides its settings, by the paths in the proxy's container. */
export interface RouteFiles {
  readonly errorPages?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** Of the machine; below it a directory for each version. */
export function errorPagesDirectory(config: Pick<Config, 'service' | 'destination'>): string {
  return `${appsConfigDirectory}/${serviceOnMachine(config)}/error_pages`;
}

/** Of the machine; below it a directory for each certificate. `name` is a role's or an accessory's. */
export function certificatesDirectory(config: Pick<Config, 'service' | 'destination'>, name: string): string {
  return `${appsConfigDirectory}/${serviceOnMachine(config)}/tls/${name}`;
}

/** The certificate and key in a directory of the machine: one of Longshore's, or Kamal's own, which has no id. */
export function certificateFiles(
  directory: string,
  id?: string,
): Required<Pick<RouteFiles, 'certificate' | 'privateKey'>> {
  const place = inProxy(id === undefined ? directory : `${directory}/${id}`);
  return { certificate: `${place}/cert.pem`, privateKey: `${place}/key.pem` };
}

/** The path by which the proxy knows a directory of the machine. */
export function inProxy(path: string): string {
  return path.replace(appsConfigDirectory, appsConfigInProxy);
}

/** What tells one certificate from another, its chain included, however its lines are broken: twelve digits of a hash. */
export function certificateId(pem: string): string {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)];
  const text = blocks.map(([, block = '']) => block.replaceAll(/\s/g, '')).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
