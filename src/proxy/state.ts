import type { ProxyRoute } from '../config/config.ts';
import type { RouteFiles } from './files.ts';
import type { RouteSettings } from './route.ts';

/** Where kamal-proxy keeps its record of routes, inside its container (reference, section 3.7). */
export const proxyStatePath = '/home/kamal-proxy/.config/kamal-proxy/kamal-proxy.state';

/** What the proxy says while a route is taken away, and a sign to the next run that it was not stopped by a person. */
export const movedMessage = 'This service has moved to another machine.';

/** A route as kamal-proxy records it. */
export interface RecordedRoute {
  readonly service: string;
  readonly targets: readonly string[];
  readonly settings: RouteSettings;
  /** Paused or stopped by `maintenance`, or by a run that was taking it away. */
  readonly paused: boolean;
  /** A run was taking it away, and was cut off. */
  readonly isLeaving: boolean;
}

interface RecordedService {
  name: string;
  active_targets?: string[] | null;
  options?: Record<string, unknown>;
  target_options?: Record<string, unknown> & { health_check_config?: Record<string, unknown> };
  pause_controller?: { state?: number; stop_message?: string } | null;
}

/** Reads `kamal-proxy.state`. @throws SyntaxError while the proxy is just rewriting the file: read it again */
export function parseProxyState(text: string): RecordedRoute[] {
  const services = JSON.parse(text) as RecordedService[];
  return services.map((service) => ({
    service: service.name,
    targets: service.active_targets ?? [],
    settings: settingsOf(service),
    paused: (service.pause_controller?.state ?? 0) !== 0,
    isLeaving: service.pause_controller?.state === 2 && service.pause_controller.stop_message === movedMessage,
  }));
}

function settingsOf({ options = {}, target_options: target = {} }: RecordedService): RouteSettings {
  const health = target.health_check_config ?? {};
  return {
    hosts: list(options['hosts']),
    pathPrefixes: list(options['path_prefixes']),
    stripPathPrefix: options['strip_prefix'] === true,
    tls: options['tls_enabled'] === true,
    tlsRedirect: options['tls_redirect'] === true,
    forwardHeaders: target['forward_headers'] === true,
    healthPath: String(health['path'] ?? ''),
    healthIntervalSeconds: seconds(health['interval']),
    healthTimeoutSeconds: seconds(health['timeout']),
    responseTimeoutSeconds: seconds(target['response_timeout']),
    bufferRequests: target['buffer_requests'] === true,
    bufferResponses: target['buffer_responses'] === true,
    bufferMemoryBytes: Number(target['max_memory_buffer_size'] ?? 0),
    maxRequestBodyBytes: Number(target['max_request_body_size'] ?? 0),
    maxResponseBodyBytes: Number(target['max_response_body_size'] ?? 0),
    logRequestHeaders: list(target['log_request_headers']),
    logResponseHeaders: list(target['log_response_headers']),
    errorPages: String(options['error_page_path'] ?? ''),
    certificate: String(options['tls_certificate_path'] ?? ''),
    privateKey: String(options['tls_private_key_path'] ?? ''),
  };
}

/** Go writes "any host" as one empty name. */
function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String).filter((entry) => entry !== '') : [];
}

function seconds(nanoseconds: unknown): number {
  return Number(nanoseconds ?? 0) / 1e9;
}

/** The files that a recorded route names. */
export function filesFromSettings({ errorPages, certificate, privateKey }: RouteSettings): RouteFiles {
  return {
    ...(errorPages === '' ? {} : { errorPages }),
    ...(certificate === '' ? {} : { certificate, privateKey }),
  };
}

/** The recorded settings as a route that can be put back with `deployWords`. */
export function routeFromSettings(settings: RouteSettings, target: string): ProxyRoute {
  return {
    hosts: settings.hosts,
    pathPrefixes: settings.pathPrefixes,
    stripPathPrefix: settings.stripPathPrefix,
    appPort: Number(target.slice(target.lastIndexOf(':') + 1)),
    ssl: settings.tls,
    sslRedirect: settings.tlsRedirect,
    forwardHeaders: settings.forwardHeaders,
    responseTimeoutSeconds: settings.responseTimeoutSeconds,
    healthcheck: {
      path: settings.healthPath,
      intervalSeconds: settings.healthIntervalSeconds,
      timeoutSeconds: settings.healthTimeoutSeconds,
    },
    buffering: {
      requests: settings.bufferRequests,
      responses: settings.bufferResponses,
      memoryBytes: settings.bufferMemoryBytes,
      ...(settings.maxRequestBodyBytes === 0 ? {} : { maxRequestBodyBytes: settings.maxRequestBodyBytes }),
      ...(settings.maxResponseBodyBytes === 0 ? {} : { maxResponseBodyBytes: settings.maxResponseBodyBytes }),
    },
    logRequestHeaders: settings.logRequestHeaders,
    logResponseHeaders: settings.logResponseHeaders,
  };
}
