import type * as z from 'zod';
import type { Healthcheck } from './config-accessory.ts';
import { integer, port, seconds, section, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';
import { resolveWords } from './words.ts';

const count = integer({ from: 1 });

/** Longshore's own key of accessories. */
export const healthcheckSchema = section({
  cmd: text.exactOptional(),
  http: section({
    path: text.exactOptional(),
    port: port.exactOptional(),
    status: integer({ from: 100, to: 599 }).exactOptional(),
  }).exactOptional(),
  tcp: port.exactOptional(),
  interval: count.exactOptional(),
  timeout: count.exactOptional(),
  start_period: seconds.exactOptional(),
  retries: count.exactOptional(),
});

type WrittenHealthcheck = z.output<typeof healthcheckSchema>;

interface Health {
  readonly written: WrittenHealthcheck | undefined;
  readonly path: Path;
  /** The first port that the accessory publishes, as the container has it. */
  readonly containerPort: number | undefined;
  readonly findings: Findings;
}

export function resolveHealthcheck({ written = {}, path, containerPort, findings }: Health): Healthcheck {
  const kinds = (['cmd', 'http', 'tcp'] as const).filter((kind) => written[kind] !== undefined);
  if (kinds.length > 1) {
    const [one, other = ''] = kinds;
    findings.problemWithKey([...path, other], `\`${one}\` and \`${other}\` are two checks; keep one of them`);
  }
  return present({
    check: checkOf({ written, path, containerPort, findings }),
    intervalSeconds: written.interval ?? 1,
    timeoutSeconds: written.timeout ?? 5,
    startPeriodSeconds: written.start_period ?? 30,
    retries: written.retries ?? 3,
  });
}

function checkOf({ written = {}, path, containerPort, findings }: Health): Healthcheck['check'] | undefined {
  const { cmd, http, tcp } = written;
  if (cmd !== undefined) return { kind: 'cmd', words: resolveWords(cmd, [...path, 'cmd'], findings) };
  if (tcp !== undefined) return { kind: 'tcp', port: tcp };
  if (http === undefined) return undefined;
  const at = [...path, 'http'];
  const httpPort = http.port ?? containerPort;
  if (httpPort === undefined) findings.problem(at, 'say which `port` of the container answers');
  if (http.path?.startsWith('/') === false) findings.problem([...at, 'path'], 'a path starts with a slash');
  return present({ kind: 'http' as const, path: http.path ?? '/', port: httpPort ?? 80, status: http.status });
}
