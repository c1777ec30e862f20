import { join } from 'node:path';
import { readPlain } from './scalars.ts';

export interface Answers {
  readonly service: string;
  /** With or without the registry's server before it. */
  readonly image: string;
  readonly hosts: readonly string[];
  readonly registryServer?: string;
  /** The port that the Dockerfile exposes. */
  readonly appPort?: number;
}

export interface StarterFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: true;
}

/** The files of a project that is to be deployed; Kamal reads them too. */
export function starterFiles(configFile: string, answers: Answers): StarterFile[] {
  const hooks = Object.entries(hookSamples).map(
    ([name, text]) => ({ path: join('.kamal/hooks', `${name}.sample`), text, executable: true }) as const,
  );
  const { server, image } = splitImage(answers);
  return [
    { path: configFile, text: deployFile({ ...answers, image, server }) },
    { path: '.kamal/secrets', text: secretsFile(server) },
    ...hooks,
  ];
}

/** The last TCP port that a Dockerfile exposes by number. */
export function exposedPort(dockerfile: string): number | undefined {
  const lines = [...dockerfile.matchAll(/^[ \t]*EXPOSE[ \t]+(.*)$/gim)];
  const ports = lines.map(([, written = '']) => written.split(/\s+/).find((one) => !/^$|\/udp$/i.test(one)));
  const port = Number(/^(\d+)(?:\/tcp)?$/i.exec(ports.filter((one) => one !== undefined).at(-1) ?? '')?.[1]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** `ghcr.io/acme/shop` names its server, as Docker reads it. */
function splitImage({ image, registryServer }: Answers): { server: string | undefined; image: string } {
  const [first = '', ...rest] = image.split('/');
  const hasServer = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const server = registryServer ?? (hasServer ? first : undefined);
  return { server, image: hasServer && first === server ? rest.join('/') : image };
}

function deployFile(file: Answers & { server: string | undefined }): string {
  const hosts = file.hosts.map((host) => `    - ${yamlWord(host)}`).join('\n');
  const server =
    file.server === undefined ? '  # server: ghcr.io   (without it: Docker Hub)' : `  server: ${yamlWord(file.server)}`;
  return `\
# What is deployed, and where to. \`longshore docs\` explains every key; \`longshore plan\` says what a deploy would do.

# Names the app; containers, labels and routes start with it.
service: ${yamlWord(file.service)}

# The image's name, without registry and tag.
image: ${yamlWord(file.image)}

# Machines by role. Traffic goes to web; more roles run the same image with a command of their own.
servers:
  web:
${hosts}
  # worker:
  #   hosts: [${file.hosts.map(yamlWord).join(', ')}]
  #   cmd: bin/jobs

# Where the image is pushed to and pulled from. A list names a secret, see .kamal/secrets.
registry:
${server}
  username: [REGISTRY_USERNAME]
  password: [REGISTRY_PASSWORD]

# Processors of the machines: amd64, arm64, or a list.
builder:
  arch: amd64

# How requests reach the app. A container gets traffic once GET /up answers 200.
proxy:
  # The port that the app listens on.
  app_port: ${file.appPort ?? 80}
  # The name that is served here; with ssl, by a certificate of Let's Encrypt.
  # host: www.example.com
  # ssl: true
  # healthcheck:
  #   path: /up

# Environment of the containers: text, and names of secrets.
# env:
#   clear:
#     LOG_LEVEL: info
#   secret:
#     - DATABASE_URL

# Longshore's own keys, where Kamal does not look. exact: containers get every value as it is written.
x-longshore:
  values: exact

# How the machines are reached, if not as root.
# ssh:
#   user: deploy
`;
}

function secretsFile(server: string | undefined): string {
  const password = server === 'ghcr.io' ? '$(gh auth token)' : '$REGISTRY_PASSWORD';
  return `\
# Where secrets come from; no value stands here, so this file can be committed.
# $NAME is a variable of the shell you deploy from, $(command) is what a command prints.
REGISTRY_USERNAME=$REGISTRY_USERNAME
REGISTRY_PASSWORD=${password}
# DATABASE_URL=$(op read op://shop/production/database-url)
`;
}

const hookSamples: Readonly<Record<string, string>> = {
  'pre-build': `\
#!/bin/sh
# Runs before the image is built; a failure stops the deploy. Remove .sample from the name to switch it on.
# Here: what is deployed is committed.
test -z "$(git status --porcelain)" || { echo "there are changes that are not committed" >&2; exit 1; }
`,
  'pre-deploy': `\
#!/bin/sh
# Runs when the image is on every machine, and before any container changes; a failure stops the deploy.
# Remove .sample from the name to switch it on.
echo "$KAMAL_PERFORMER deploys $KAMAL_SERVICE_VERSION to $KAMAL_HOSTS"
`,
  'post-deploy': `\
#!/bin/sh
# Runs when the new version serves. Remove .sample from the name to switch it on.
echo "$KAMAL_SERVICE_VERSION serves, after $KAMAL_RUNTIME seconds"
`,
};

/** A word as YAML text. */
function yamlWord(word: string): string {
  return /^[\w.][\w./-]*$/.test(word) && typeof readPlain(word).value === 'string' ? word : JSON.stringify(word);
}
