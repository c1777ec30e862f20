import type { ProxyRoute } from '../config/config.ts';
import type { RouteFiles } from './files.ts';

/** The settings of a route in one form, whether read from the file or from kamal-proxy's own record. Durations in seconds. */
export interface RouteSettings {
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean;
  readonly tls: boolean;
  readonly tlsRedirect: boolean;
  readonly forwardHeaders: boolean;
  readonly healthPath: string;
  readonly healthIntervalSeconds: number;
  readonly healthTimeoutSeconds: number;
  readonly responseTimeoutSeconds: number;
  readonly bufferRequests: boolean;
  readonly bufferResponses: boolean;
  readonly bufferMemoryBytes: number;
  readonly maxRequestBodyBytes: number;
  readonly maxResponseBodyBytes: number;
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
  /** Paths in the proxy's container; empty when there is none. */
  readonly errorPages: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** The file's route with kamal-proxy v0.9.2's defaults filled in, as it will show in the proxy's record. */
export function routeSettings(route: ProxyRoute, files: RouteFiles): RouteSettings {
  return {
    hosts: route.hosts,
    pathPrefixes:
      route.pathPrefixes.length === 0 ? ['/'] : route.pathPrefixes.map((path) => `/${path.replace(/^\/+|\/+$/g, '')}`),
    stripPathPrefix: route.stripPathPrefix ?? true,
    tls: route.ssl,
    tlsRedirect: route.sslRedirect ?? true,
    forwardHeaders: route.forwardHeaders ?? !route.ssl,
    healthPath: route.healthcheck.path ?? '/up',
    healthIntervalSeconds: route.healthcheck.intervalSeconds ?? 1,
    healthTimeoutSeconds: route.healthcheck.timeoutSeconds ?? 5,
    responseTimeoutSeconds: route.responseTimeoutSeconds ?? 30,
    bufferRequests: route.buffering.requests,
    bufferResponses: route.buffering.responses,
    bufferMemoryBytes: route.buffering.memoryBytes ?? 1_048_576,
    maxRequestBodyBytes: route.buffering.maxRequestBodyBytes ?? 0,
    maxResponseBodyBytes: route.buffering.maxResponseBodyBytes ?? 0,
    logRequestHeaders: route.logRequestHeaders.map(canonicalHeader),
    logResponseHeaders: route.logResponseHeaders.map(canonicalHeader),
    errorPages: files.errorPages ?? '',
    certificate: files.certificate ?? '',
    privateKey: files.privateKey ?? '',
  };
}

/** Names of the settings in which two routes differ; empty when they are alike. */
export function routeDifferences(one: RouteSettings, other: RouteSettings): string[] {
  const names = Object.keys(one) as (keyof RouteSettings)[];
  return names.filter((name) => comparable(one[name]) !== comparable(other[name]));
}

/** The arguments after `kamal-proxy` that send a service's traffic to a container, in Kamal's order (reference, section 2.8). */
export function deployWords(request: {
  service: string;
  containerId: string;
  route: ProxyRoute;
  files: RouteFiles;
  deployTimeoutSeconds: number;
  drainTimeoutSeconds: number;
}): string[] {
  const { service, containerId, route, files, deployTimeoutSeconds, drainTimeoutSeconds } = request;
  const { healthcheck, buffering } = route;
  return [
    'deploy',
    service,
    `--target=${routeTarget(containerId, route)}`,
    ...route.hosts.map((host) => `--host=${host}`),
    ...flag('tls', route.ssl || undefined),
    ...flag('tls-certificate-path', files.certificate),
    ...flag('tls-private-key-path', files.privateKey),
    `--deploy-timeout=${deployTimeoutSeconds}s`,
    `--drain-timeout=${drainTimeoutSeconds}s`,
    ...seconds('health-check-interval', healthcheck.intervalSeconds),
    ...seconds('health-check-timeout', healthcheck.timeoutSeconds),
    ...flag('health-check-path', healthcheck.path),
    ...seconds('target-timeout', route.responseTimeoutSeconds),
    ...flag('buffer-requests', buffering.requests),
    ...flag('buffer-responses', buffering.responses),
    ...flag('buffer-memory', buffering.memoryBytes),
    ...flag('max-request-body', buffering.maxRequestBodyBytes),
    ...flag('max-response-body', buffering.maxResponseBodyBytes),
    ...route.pathPrefixes.map((path) => `--path-prefix=${path}`),
    ...flag('strip-path-prefix', route.stripPathPrefix),
    ...flag('forward-headers', route.forwardHeaders),
    ...flag('tls-redirect', route.sslRedirect),
    ...route.logRequestHeaders.map((header) => `--log-request-header=${header}`),
    ...route.logResponseHeaders.map((header) => `--log-response-header=${header}`),
    ...flag('error-pages', files.errorPages),
  ];
}

/** What kamal-proxy calls a container: its short id, which Docker resolves on the network, and the app's port. */
export function routeTarget(containerId: string, route: Pick<ProxyRoute, 'appPort'>): string {
  return `${containerId.slice(0, 12)}:${route.appPort}`;
}

/** `X-Request-Id` of `x-request-id`, as Go writes header names. */
function canonicalHeader(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Lists compare without order. */
function comparable(value: RouteSettings[keyof RouteSettings]): string {
  return JSON.stringify(typeof value === 'object' ? [...value].sort() : value);
}

function flag(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined) return [];
  return [value === true ? `--${name}` : `--${name}=${value}`];
}

function seconds(name: string, value: number | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}s`];
}
