import * as z from 'zod';
import type { ProxyRoute } from './config.ts';
import { chosen, flag, integer, port, seconds, section, strictText, text, textList } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { deepMerge } from './layers.ts';
import { present } from './present.ts';
import { proxyRunSchema } from './proxy-run.ts';
import type { Path } from './sheet.ts';

// To editors, 40_000_000 is text.
const bytes = withForm(integer({ from: 0 }), {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^\\d[\\d_]*$' },
  ],
});
const certificate = section({
  certificate_pem: strictText.exactOptional(),
  private_key_pem: strictText.exactOptional(),
});

export const proxySchema = section({
  host: text.exactOptional(),
  hosts: textList.exactOptional(),
  ssl: chosen([flag, certificate], (value): z.ZodType<boolean | z.output<typeof certificate>> => {
    return typeof value === 'object' && value !== null ? certificate : flag;
  }).exactOptional(),
  ssl_redirect: flag.exactOptional(),
  app_port: port.exactOptional(),
  forward_headers: flag.exactOptional(),
  response_timeout: seconds.exactOptional(),
  healthcheck: section({
    interval: seconds.exactOptional(),
    timeout: seconds.exactOptional(),
    path: text.exactOptional(),
  }).exactOptional(),
  buffering: section({
    requests: flag.exactOptional(),
    responses: flag.exactOptional(),
    memory: bytes.exactOptional(),
    max_request_body: bytes.exactOptional(),
    max_response_body: bytes.exactOptional(),
  }).exactOptional(),
  path_prefix: text.exactOptional(),
  path_prefixes: textList.exactOptional(),
  strip_path_prefix: flag.exactOptional(),
  logging: section({
    request_headers: textList.exactOptional(),
    response_headers: textList.exactOptional(),
  }).exactOptional(),
  run: proxyRunSchema.exactOptional(),
});

export type WrittenProxy = z.output<typeof proxySchema>;

/** A role's keys over the root's. `host` and `hosts` say the same in two ways, so either replaces both of the root. */
export function mergeProxy(root: WrittenProxy = {}, role: WrittenProxy = {}): WrittenProxy {
  const below = { ...root };
  if (role.host !== undefined || role.hosts !== undefined) {
    delete below.host;
    delete below.hosts;
  }
  if (role.path_prefix !== undefined || role.path_prefixes !== undefined) {
    delete below.path_prefix;
    delete below.path_prefixes;
  }
  return deepMerge(below, role) as WrittenProxy;
}

/** Checks one block; `pathOf` says where a key of it was written. */
export function checkProxy(written: WrittenProxy, pathOf: (key: string) => Path, findings: Findings): void {
  const twice = (one: string, list: string) =>
    findings.problemWithKey(pathOf(list), `\`${one}\` and \`${list}\` say the same thing; keep one of them`);
  if (written.host !== undefined && written.hosts !== undefined) twice('host', 'hosts');
  if (written.path_prefix !== undefined && written.path_prefixes !== undefined) twice('path_prefix', 'path_prefixes');

  const hosts = hostsOf(written);
  const hostKey = written.hosts === undefined ? 'host' : 'hosts';
  if (hosts.some((host) => host.includes('://') || /[\s/]/.test(host) || host === '')) {
    findings.problem(pathOf(hostKey), 'the proxy matches host names: no `https://`, no path, no spaces');
  }
  if (written.ssl && hosts.length === 0) {
    findings.problem(pathOf('ssl'), 'a certificate is for a host name: say which with `host` or `hosts`');
  }
  if (typeof written.ssl !== 'object') return;
  for (const [key, other] of [
    ['certificate_pem', 'private_key_pem'] as const,
    ['private_key_pem', 'certificate_pem'] as const,
  ]) {
    if (written.ssl[key] === undefined && written.ssl[other] !== undefined) {
      findings.problem(pathOf('ssl'), `\`${other}\` needs \`${key}\` beside it`);
    }
  }
}

/** What kamal-proxy is told about a role. */
export function resolveProxyRoute(written: WrittenProxy): ProxyRoute {
  const { healthcheck = {}, buffering = {}, logging = {} } = written;
  return present({
    hosts: hostsOf(written),
    pathPrefixes: written.path_prefixes ?? splitList(written.path_prefix),
    stripPathPrefix: written.strip_path_prefix,
    appPort: written.app_port ?? 80,
    ssl: written.ssl !== undefined && written.ssl !== false,
    certificate: certificateOf(written),
    sslRedirect: written.ssl_redirect,
    forwardHeaders: written.forward_headers,
    responseTimeoutSeconds: written.response_timeout,
    healthcheck: present({
      path: healthcheck.path,
      intervalSeconds: healthcheck.interval,
      timeoutSeconds: healthcheck.timeout,
    }),
    buffering: present({
      requests: buffering.requests ?? true,
      responses: buffering.responses ?? true,
      memoryBytes: buffering.memory,
      maxRequestBodyBytes: buffering.max_request_body,
      maxResponseBodyBytes: buffering.max_response_body,
    }),
    logRequestHeaders: logging.request_headers ?? ['Cache-Control', 'Last-Modified', 'User-Agent'],
    logResponseHeaders: logging.response_headers ?? [],
  });
}

/** Both names or none; one without the other is a problem already. */
function certificateOf({ ssl }: WrittenProxy): ProxyRoute['certificate'] {
  if (typeof ssl !== 'object' || ssl.certificate_pem === undefined || ssl.private_key_pem === undefined)
    return undefined;
  return { certificate: ssl.certificate_pem, privateKey: ssl.private_key_pem };
}

export function hostsOf(written: WrittenProxy): readonly string[] {
  return written.hosts ?? splitList(written.host);
}

function splitList(written: string | undefined): string[] {
  return (written ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export const proxyFilesSample = `\
# A certificate of your own instead of Let's Encrypt's, on any number of machines: the names of the secrets that hold it, with
# those that signed it after it, and its key, both in PEM form. A renewed one is taken by the next deploy, without a restart.
proxy:
  host: shop.example.com
  ssl:
    certificate_pem: CERTIFICATE_PEM
    private_key_pem: PRIVATE_KEY_PEM
# A directory here with 4xx.html and 5xx.html, such as 503.html, for the proxy to show; each release has its own.
error_pages_path: public
`;

export const proxySample = `\
# How traffic comes to the app. For all proxied roles here; for one, under servers/<role>/proxy.
proxy:
  # Host names to answer for; without any, every request. Or one with \`host\`.
  hosts: [shop.example.com, www.shop.example.com]
  # The port the app listens on in its container.
  app_port: 3000
  # A certificate from Let's Encrypt; one machine only.
  ssl: true
  ssl_redirect: true
  # Trust X-Forwarded-For and -Proto; if not said, only without ssl.
  forward_headers: false
  # Seconds until an answer.
  response_timeout: 30
  healthcheck:
    path: /up
    interval: 1
    timeout: 5
  # Sizes in bytes.
  buffering:
    requests: true
    responses: true
    max_request_body: 40_000_000
    max_response_body: 0
    memory: 2_000_000
  # Only requests below these paths; the prefix is cut off before the app sees it.
  path_prefixes: [/shop]
  strip_path_prefix: true
  # Headers for the proxy's log.
  logging:
    request_headers: [User-Agent, X-Request-Id]
    response_headers: [X-Runtime]
`;
