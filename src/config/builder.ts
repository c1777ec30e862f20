import * as z from 'zod';
import type { Builder } from './config.ts';
import { anyMap, chosen, flag, section, text, textList, textMap } from './fields.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';

const flagOrText = chosen([flag, text], (value): z.ZodType<boolean | string> =>
  typeof value === 'boolean' ? flag : text,
);

const oneProcessor = text.transform((one) => [one]);

export const builderSchema = section({
  arch: chosen([textList, oneProcessor], (value): z.ZodType<string[]> =>
    Array.isArray(value) ? textList : oneProcessor,
  ).exactOptional(),
  driver: text.exactOptional(),
  context: text.exactOptional(),
  dockerfile: text.exactOptional(),
  target: text.exactOptional(),
  args: textMap.exactOptional(),
  secrets: textList.exactOptional(),
  local: flag.exactOptional(),
  remote: text.exactOptional(),
  pack: anyMap.exactOptional(),
  ssh: text.exactOptional(),
  cache: anyMap.exactOptional(),
  provenance: flagOrText.exactOptional(),
  sbom: flagOrText.exactOptional(),
});

export type WrittenBuilder = z.output<typeof builderSchema>;

/** How the image is built. */
export function resolveBuilder(written: WrittenBuilder | undefined, findings: Findings): Builder {
  const { arch = [], driver = 'docker-container' } = written ?? {};
  if (arch.length === 0) findings.problem(['builder'], '`builder.arch` is missing: say amd64, arm64 or both');
  for (const platform of arch.filter((one) => !/^[a-z0-9]+(\/v\d)?$/.test(one))) {
    const short = platform.replace(/^linux\//, '');
    findings.problem(
      ['builder', 'arch'],
      `this should be a processor such as amd64 or arm64, not \`${platform}\` (\`${short}\`?)`,
    );
  }
  checkDriver({ driver, arch, written: written ?? {}, findings });
  for (const key of ['remote', 'pack', 'ssh'] as const) {
    if (written?.[key] !== undefined) findings.notDone(['builder', key]);
  }
  if (written?.local === false) {
    findings.notDone(['builder', 'local']);
    if (!written.remote)
      findings.problem(['builder', 'local'], 'nothing is left to build on: no `builder.remote` is given');
  }
  for (const key of ['cache', 'provenance', 'sbom'] as const) {
    if (written?.[key] === undefined) continue;
    findings.warning(['builder', key], `\`builder.${key}\` has no effect yet; the image runs the same`);
  }
  return present({
    arch,
    driver: driver === 'docker' ? ('docker' as const) : ('docker-container' as const),
    context: written?.context,
    dockerfile: written?.dockerfile ?? 'Dockerfile',
    target: written?.target,
    args: written?.args ?? {},
    secrets: written?.secrets ?? [],
  });
}

interface DriverCheck {
  driver: string;
  arch: readonly string[];
  written: WrittenBuilder;
  findings: Findings;
}

function checkDriver({ driver, arch, written, findings }: DriverCheck): void {
  const path = ['builder', 'driver'];
  if (driver.startsWith('cloud ')) {
    findings.notDone(path);
  } else if (driver === 'docker') {
    if (arch.length > 1) findings.problem(path, 'the driver `docker` builds for one `arch` only');
    if (written.remote !== undefined) findings.problem(path, 'the driver `docker` cannot build on `builder.remote`');
    if (written.cache !== undefined) findings.problem(path, 'the driver `docker` cannot use `builder.cache`');
  } else if (driver !== 'docker-container') {
    findings.problem(path, 'this should be docker-container, docker, or `cloud <org>/<builder>`');
  }
  const type = written.cache?.['type'];
  if (type !== undefined && type !== 'gha' && type !== 'registry') {
    findings.problem(['builder', 'cache', 'type'], 'this should be gha or registry');
  }
}

export const builderSample = `\
# How the image is built.
builder:
  # Processors of the machines: amd64, arm64, or a list.
  arch: amd64
  # docker-container (if not said) or docker.
  driver: docker-container
  # If not said, a clean clone of HEAD is built; \`.\` is the working directory with all its changes.
  context: .
  dockerfile: Dockerfile
  target: production
  args:
    RUBY_VERSION: "3.4"
  # Names of secrets, handed to the build as BuildKit secrets.
  secrets: [GITHUB_TOKEN]
`;
