/** A route as kamal-proxy v0.9.2 writes it into its state file; durations in nanoseconds. */
export interface RouteRecord {
  name: string;
  options: Record<string, unknown> & { hosts: string[]; path_prefixes: string[]; tls_enabled: boolean };
  target_options: Record<string, unknown>;
  active_targets: string[];
  active_readers: string[];
  rollout_targets: null;
  rollout_readers: null;
  pause_controller: { state: number; stop_message: string; fail_after: number };
  rollout_controller: null;
}

export interface Flags {
  all(name: string): string[];
  first(name: string): string | undefined;
  is(name: string, unset: boolean): boolean;
  /** Go's `30s`, `1m30s`, `500ms`. */
  seconds(name: string, unset: number): number;
}

/** `--name=value`, `--name` */
export function flagsOf(words: readonly string[]): Flags {
  const all = (name: string) =>
    words.flatMap((word) => {
      if (word === `--${name}`) return ['true'];
      return word.startsWith(`--${name}=`) ? [word.slice(name.length + 3).replace(/^"(.*)"$/, '$1')] : [];
    });
  const first = (name: string) => all(name)[0];
  return {
    all,
    first,
    is: (name, unset) => (first(name) === undefined ? unset : first(name) !== 'false'),
    seconds: (name, unset) => (first(name) === undefined ? unset : durationSeconds(first(name) ?? '')),
  };
}

export function routeRecord(service: string, flags: Flags): RouteRecord {
  const tls = flags.is('tls', false);
  const prefixes = flags.all('path-prefix').map((path) => `/${path.replace(/^\/+|\/+$/g, '')}`);
  const nanoseconds = (name: string, unset: number) => flags.seconds(name, unset) * 1e9;
  const listOrNull = (name: string) => (flags.all(name).length === 0 ? null : flags.all(name));
  return {
    name: service,
    options: {
      hosts: flags.all('host').flatMap((host) => host.split(',')),
      path_prefixes: prefixes.length === 0 ? ['/'] : prefixes,
      tls_enabled: tls,
      tls_certificate_path: flags.first('tls-certificate-path') ?? '',
      tls_private_key_path: flags.first('tls-private-key-path') ?? '',
      tls_redirect: flags.is('tls-redirect', true),
      canonical_host: '',
      acme_directory: '',
      acme_cache_path: '/home/kamal-proxy/.config/kamal-proxy/certs',
      error_page_path: flags.first('error-pages') ?? '',
      strip_prefix: flags.is('strip-path-prefix', true),
      writer_affinity_timeout: 1e9,
      read_targets_accept_websockets: false,
    },
    target_options: {
      health_check_config: {
        path: flags.first('health-check-path') ?? '/up',
        port: 0,
        interval: nanoseconds('health-check-interval', 1),
        timeout: nanoseconds('health-check-timeout', 5),
        host: '',
      },
      response_timeout: nanoseconds('target-timeout', 30),
      buffer_requests: flags.is('buffer-requests', false),
      buffer_responses: flags.is('buffer-responses', false),
      max_memory_buffer_size: Number(flags.first('buffer-memory') ?? 1_048_576),
      max_request_body_size: Number(flags.first('max-request-body') ?? 0),
      max_response_body_size: Number(flags.first('max-response-body') ?? 0),
      log_request_headers: listOrNull('log-request-header'),
      log_response_headers: listOrNull('log-response-header'),
      forward_headers: flags.is('forward-headers', !tls),
      scope_cookie_paths: false,
    },
    active_targets: flags.all('target').map((target) => target.replace(/^(?:[^:]+)$/, '$&:80')),
    active_readers: [],
    rollout_targets: null,
    rollout_readers: null,
    pause_controller: { state: 0, stop_message: '', fail_after: 0 },
    rollout_controller: null,
  };
}

function durationSeconds(text: string): number {
  const units = { h: 3600, m: 60, s: 1, ms: 0.001 } as const;
  return [...text.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * units[unit as 's'],
    0,
  );
}
