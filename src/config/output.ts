import type * as z from 'zod';
import { section, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';

export const outputSchema = section({
  otel: section({ endpoint: text.exactOptional() }).exactOptional(),
  file: section({ path: text.exactOptional() }).exactOptional(),
});

type WrittenOutput = z.output<typeof outputSchema>;

/** Where everything that a command says goes besides the screen. */
export interface OutputConfig {
  /** A directory, in which every command that changes something leaves a file. */
  readonly directory?: string;
  /** Where an OpenTelemetry collector takes logs over HTTP, without `/v1/logs`. */
  readonly otelEndpoint?: string;
}

export function resolveOutput({ otel, file }: WrittenOutput = {}, findings: Findings): OutputConfig {
  if (file !== undefined && !file.path) findings.problem(['output', 'file'], '`path` is missing: a directory for logs');
  if (otel !== undefined && !otel.endpoint) {
    findings.problem(['output', 'otel'], '`endpoint` is missing: the address of a collector');
  } else if (otel?.endpoint !== undefined && !/^https?:\/\/[^\s/?#]+[^\s?#]*$/.test(otel.endpoint)) {
    findings.problem(['output', 'otel', 'endpoint'], 'this should be an address such as http://collector:4318');
  }
  return present({ directory: file?.path, otelEndpoint: otel?.endpoint });
}

export const outputSample = `\
# Where everything that a command says goes besides the screen, also what the screen leaves out: for commands that change something.
# Secrets are taken out; of this machine's environment nothing is in it.
output:
  file:
    # A directory; each command writes a file there that only its owner reads: 2026-01-31T15-04-05_production_deploy.log.
    path: log/deploys
  otel:
    # An OpenTelemetry collector, which gets it as logs over HTTP, at /v1/logs. One that does not answer is only a warning.
    endpoint: http://collector.example.com:4318
`;
