import * as z from 'zod';
import type { BuildCache, Builder } from './config.ts';
import { chosen, flag, mapOf, oneOf, section, shouldBe, text, textList } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { present } from './present.ts';
import { isLocalRegistry, type WrittenRegistry } from './registry.ts';
import { DateWord, isScalar, type Scalar, textOf } from './scalars.ts';

const flagOrText = chosen([flag, text], (value): z.ZodType<boolean | string> =>
  typeof value === 'boolean' ? flag : text,
);

const oneProcessor = text.transform((one) => [one]);

/** Kamal looks at no build argument: a date is its word, and one without a value is the variable of that name here. */
const buildArgument = withForm(
  z
    .custom<Scalar | DateWord | null>((value) => value === null || value instanceof DateWord || isScalar(value), {
      error: (issue) => shouldBe('text', issue.input),
    })
    .transform((value) => (value === null ? null : value instanceof DateWord ? value.word : textOf(value))),
  { type: ['string', 'number', 'boolean', 'null'] },
);

export const builderSchema = section({
  arch: chosen([textList, oneProcessor], (value): z.ZodType<string[]> =>
    Array.isArray(value) ? textList : oneProcessor,
  ).exactOptional(),
  driver: text.exactOptional(),
  context: text.exactOptional(),
  dockerfile: text.exactOptional(),
  target: text.exactOptional(),
  args: mapOf(buildArgument).exactOptional(),
  secrets: textList.exactOptional(),
  local: flag.exactOptional(),
  remote: text.exactOptional(),
  pack: section({ builder: text.exactOptional(), buildpacks: textList.exactOptional() }).exactOptional(),
  ssh: text.exactOptional(),
  cache: section({
    type: oneOf(['gha', 'registry']).exactOptional(),
    options: text.exactOptional(),
    image: text.exactOptional(),
  }).exactOptional(),
  provenance: flagOrText.exactOptional(),
  sbom: flag.exactOptional(),
});

export type WrittenBuilder = z.output<typeof builderSchema>;

/** Drivers of buildx that need no more than their name; Docker Build Cloud's is written `cloud <org>/<builder>`. */
const drivers = ['docker-container', 'docker', 'kubernetes', 'remote'];

/** How the image is built. */
export function resolveBuilder(
  written: WrittenBuilder = {},
  { registry, findings }: { registry: WrittenRegistry | undefined; findings: Findings },
): Builder {
  const { arch = [], driver = 'docker-container', local = true, pack } = written;
  if (arch.length === 0) findings.problem(['builder'], '`builder.arch` is missing: say amd64, arm64 or both');
  for (const platform of arch.filter((one) => !/^[a-z0-9]+(\/v\d)?$/.test(one))) {
    const short = platform.replace(/^linux\//, '');
    findings.problem(
      ['builder', 'arch'],
      `this should be a processor such as amd64 or arm64, not \`${platform}\` (\`${short}\`?)`,
    );
  }
  checkDriver({ driver, arch, written, findings });
  checkPack(written, findings);
  if (written.remote && isLocalRegistry(registry) && !written.remote.startsWith('ssh://')) {
    findings.problem(
      ['builder', 'remote'],
      'with a registry on this machine this should be ssh://…: it is reached that way',
    );
  }
  if (!local && !written.remote) {
    findings.problem(['builder', 'local'], 'nothing is left to build on: no `builder.remote` is given');
  }
  return present({
    arch,
    driver,
    driverIsGiven: written.driver !== undefined,
    context: written.context,
    dockerfile: written.dockerfile ?? 'Dockerfile',
    target: written.target || undefined,
    args: written.args ?? {},
    secrets: written.secrets ?? [],
    remote: written.remote || undefined,
    local,
    pack: pack === undefined ? undefined : { builder: pack.builder ?? '', buildpacks: pack.buildpacks ?? [] },
    ssh: written.ssh || undefined,
    cache: cacheOf(written, findings),
    provenance: written.provenance === undefined ? undefined : String(written.provenance),
    sbom: written.sbom === undefined ? undefined : String(written.sbom),
  });
}

function cacheOf({ cache }: WrittenBuilder, findings: Findings): BuildCache | undefined {
  if (cache === undefined) return undefined;
  const { type, options, image } = cache;
  if (type !== undefined) return present({ type, options: options || undefined, image: image || undefined });
  findings.warning(['builder', 'cache'], '`builder.cache` has no effect without `type: gha` or `type: registry`');
  return undefined;
}

interface DriverCheck {
  driver: string;
  arch: readonly string[];
  written: WrittenBuilder;
  findings: Findings;
}

function checkDriver({ driver, arch, written, findings }: DriverCheck): void {
  const path = ['builder', 'driver'];
  if (driver === 'docker') {
    if (arch.length > 1) findings.problem(path, 'the driver `docker` builds for one `arch` only');
    if (written.remote !== undefined) findings.problem(path, 'the driver `docker` cannot build on `builder.remote`');
    if (written.cache !== undefined) findings.problem(path, 'the driver `docker` cannot use `builder.cache`');
  } else if (!drivers.includes(driver) && !/^cloud [^\s/]+\/[^\s/]+$/.test(driver)) {
    findings.problem(path, 'this should be docker-container, docker, or `cloud <org>/<builder>`');
  }
}

function checkPack({ pack, arch = [] }: WrittenBuilder, findings: Findings): void {
  if (pack === undefined) return;
  if (!pack.builder) findings.problem(['builder', 'pack'], '`builder.pack.builder` is missing: the image that builds');
  if (arch.length > 1) findings.problem(['builder', 'pack'], 'buildpacks build for one `arch` only');
}

export const builderSample = `\
# How the image is built.
builder:
  # Processors of the machines: amd64, arm64, or a list.
  arch: [amd64, arm64]
  # docker-container (if not said), docker (the engine itself), or "cloud ORG/BUILDER" for Docker Build Cloud.
  driver: docker-container
  # A Docker engine that builds for the processors that this machine has not, over SSH or at tcp://….
  remote: ssh://builder@192.0.2.20
  # false: \`remote\` builds for all of them.
  local: true
  # If not said, a clean clone of HEAD is built; \`.\` is the working directory with all its changes.
  context: .
  dockerfile: Dockerfile
  target: production
  args:
    RUBY_VERSION: "3.4"
    # Without a value: this machine's variable of that name.
    CI_JOB_ID:
  # Names of secrets, handed to the build as BuildKit secrets.
  secrets: [GITHUB_TOKEN]
  # An ssh agent or key for \`RUN --mount=type=ssh\`; $VARIABLES are those of this machine.
  ssh: default=$SSH_AUTH_SOCK
  # Where layers are kept between builds.
  cache:
    # registry, or gha for GitHub Actions.
    type: registry
    # More of BuildKit's options for writing it.
    options: mode=max
    # With registry: the image it is kept in; if not said, the app's with -build-cache after it.
    image: acme/shop-build-cache
  # Attestations of how the image was made, and of what is in it.
  provenance: mode=max
  sbom: true

# Built by Cloud Native Buildpacks instead of a Dockerfile; needs the command pack.
x-with-buildpacks:
  builder:
    arch: amd64
    pack:
      builder: heroku/builder:24
      buildpacks:
        - heroku/ruby
        - heroku/procfile
`;
