import { Failure } from '../errors.ts';
import { accessoriesSample } from './accessory.ts';
import { assetsSample } from './assets.ts';
import { aliasesSample } from './aliases.ts';
import { bootSample } from './boot.ts';
import { builderSample } from './builder.ts';
import { destinationsSample } from './destinations.ts';
import { envSample } from './env.ts';
import { gitSample } from './git.ts';
import { hooksSample } from './hooks.ts';
import { labelsSample } from './labels.ts';
import { loggingSample } from './logging.ts';
import { nearest } from './nearest.ts';
import { optionsSample } from './options.ts';
import { outputSample } from './output.ts';
import { proxyFilesSample, proxySample } from './proxy.ts';
import { proxyRunSample } from './proxy-run.ts';
import { registrySample } from './registry.ts';
import { releaseSample } from './release.ts';
import { serversSample } from './servers.ts';
import { smokeSample } from './smoke.ts';
import { sshSample } from './ssh.ts';
import { valuesSample } from './values.ts';

const startSample = `\
# Names the app; containers, labels and routes start with it.
service: shop
# The image's name, without registry and tag.
image: acme/shop
servers:
  - 192.0.2.10
registry:
  username: deployer
  password: [REGISTRY_PASSWORD]
builder:
  arch: amd64
`;

const moreSample = `\
# The role whose machines change first and get traffic; the lock lies on the first of them.
primary_role: web
# Allow roles without machines.
allow_empty_roles: false
# Mounted into every container, as source:path or source:path:options.
volumes:
  - shop-storage:/storage
# Seconds a container without traffic must stay up to count as ready, unless its image has a health check.
readiness_delay: 7
# Seconds a container gets to become ready.
deploy_timeout: 30
# Seconds the proxy lets running requests finish; also what containers without traffic get to stop.
drain_timeout: 30
# Seconds a container gets to stop; a role may have its own.
stop_timeout: 30
# Stopped containers kept for a rollback.
retain_containers: 5
# Where secrets are read from: this path with -common after it, then this one (or with .<destination> after it).
secrets_path: .kamal/secrets
# The oldest Kamal that can read this file; checked against 2.12.0.
minimum_version: 2.0.0
# Keys that start with x- are left alone, and can hold what is merged elsewhere.
x-defaults: &defaults
  stop_timeout: 60
`;

export interface Section {
  /** What it is asked for by. */
  readonly name: string;
  readonly title: string;
  /** Annotated YAML. */
  readonly sample: string;
}

/** The sections of a deploy file, each with an annotated sample. */
export const samples: readonly Section[] = [
  { name: 'start', title: 'The least file', sample: startSample },
  { name: 'servers', title: 'Servers and roles', sample: serversSample },
  { name: 'options', title: 'Docker options', sample: optionsSample },
  { name: 'registry', title: 'Registry', sample: registrySample },
  { name: 'builder', title: 'Builder', sample: builderSample },
  { name: 'env', title: 'Environment', sample: envSample },
  { name: 'accessories', title: 'Accessories', sample: accessoriesSample },
  { name: 'proxy', title: 'Proxy', sample: proxySample },
  { name: 'certificates', title: 'Certificates and error pages', sample: proxyFilesSample },
  { name: 'proxy-run', title: 'The proxy’s container', sample: proxyRunSample },
  { name: 'assets', title: 'Assets', sample: assetsSample },
  { name: 'boot', title: 'Rolling', sample: bootSample },
  { name: 'release', title: 'Release command', sample: releaseSample },
  { name: 'smoke', title: 'Smoke checks', sample: smokeSample },
  { name: 'ssh', title: 'SSH', sample: sshSample },
  { name: 'hooks', title: 'Hooks', sample: hooksSample },
  { name: 'git', title: 'Git', sample: gitSample },
  { name: 'output', title: 'Output', sample: outputSample },
  { name: 'aliases', title: 'Aliases', sample: aliasesSample },
  { name: 'labels', title: 'Labels', sample: labelsSample },
  { name: 'logging', title: 'Logging', sample: loggingSample },
  { name: 'values', title: 'Values', sample: valuesSample },
  { name: 'destinations', title: 'Destinations', sample: destinationsSample },
  { name: 'more', title: 'Everything else', sample: moreSample },
];

/** What `kamal docs` calls them, where it is something else. */
const kamalNames: Readonly<Record<string, string>> = {
  accessory: 'accessories',
  alias: 'aliases',
  configuration: 'more',
  role: 'servers',
};

/** A section by its name, Kamal's too, or by a key at the left edge of its sample. Throws `usage` with the names there are. */
export function sectionCalled(name: string): Section {
  const called = kamalNames[name] ?? name;
  const found =
    samples.find((section) => section.name === called) ??
    samples.find(({ sample }) => sample.split('\n').some((line) => line.startsWith(`${name}:`)));
  if (found !== undefined) return found;
  const names = samples.map((section) => section.name);
  const guess = nearest(name, names);
  throw new Failure('usage', `there is no section ${name}${guess === undefined ? '' : `; did you mean ${guess}?`}`, {
    hint: `The sections are: ${names.join(', ')}.`,
  });
}

/** docs/configuration.md, made of the samples. */
export function configurationDoc(): string {
  const sections = samples.map(({ title, sample }) => `## ${title}\n\n\`\`\`yaml\n${sample}\`\`\`\n`);
  return [introduction, ...sections, templates].join('\n');
}

const introduction = `\
# The deploy file

Written by \`npm run build\` from the samples in \`src/config\`.

\`config/deploy.yml\` is read as Kamal 2.12 reads it: the same keys, the same defaults. Durations are in seconds, sizes in
bytes. A destination's file, \`config/deploy.<destination>.yml\`, is merged over it: maps key by key; lists and single
values replace.

Longshore's own keys, \`base_destination\`, \`without\`, \`hooks\`, \`git\`, \`values\`, \`release\`, \`smoke\`, \`ssh.hosts\` and \`env.required\`, stand in their natural place, or, in a file that Kamal reads too,
under the root key \`x-longshore\`, in the shape of the file itself.

Every problem is reported with file, line and column before anything is done. What Kamal does and Longshore does not do
yet is refused by the commands that change a machine, with the line.
`;

const templates = `\
## Ruby templates

Before it is read as YAML, a file is rendered as Ruby's ERB with trim mode \`-\` would, as in Kamal. No Ruby is needed for this
part of it:

\`\`\`erb
<%= ENV["TAG"] %>                       a variable; nothing, if it is not set
<%= ENV.fetch("TAG") %>                 the same, but a failure if it is not set
<%= ENV.fetch("TAG", "latest") %>       with a default; also ENV["TAG"] || "latest"
<%= \`git rev-parse HEAD\` %>            what a command prints, run by sh in the project's directory; also %x(…)
<%= File.read(".ruby-version").strip %> a file of the project
<%= Kamal::Utils.docker_arch %>         amd64 or arm64, as this machine is
<% if ENV["KAMAL_DESTINATION"] == "staging" -%>
<% elsif ENV["CI"] && !ENV["LOUD"] -%>
<% else -%>
<% end -%>
\`\`\`

Besides: text with \`#{…}\` in it, whole numbers, \`true\`, \`false\`, \`nil\`, brackets, \`==\`, \`!=\`, \`+\`, \`a ? b : c\`, \`unless\`, \`if\` behind a
value, \`ENV.key?("X")\`, \`File.exist?("x")\`; and the methods \`strip chomp to_s downcase upcase nil? empty? present? blank? presence
start_with? end_with? include?\`. A command that fails is a failure, with its line; \`--no-exec\` refuses to run any. All other
Ruby is refused with its line and what to write instead; \`--erb ruby\` has this machine's Ruby render the file.
`;
