import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builderSetup, type BuilderSetup } from '../../src/build/builder-setup.ts';
import type { ImageBuild } from '../../src/build/image-build.ts';
import type { Builder } from '../../src/config/config.ts';
import type { ImageBuilding } from '../../src/hosts/this-machine/image-builder.ts';
import { temporaryDirectory } from './repository.ts';

export const digest = `sha256:${'ab'.repeat(32)}`;

/** A `docker`, alone in PATH, that writes down how it was called, and then does what a test says. */
export function machine(script: string, version = '28.2.2') {
  const home = temporaryDirectory();
  mkdirSync(join(home, 'bin'));
  writeFileSync(
    join(home, 'bin', 'docker'),
    `#!/bin/sh
case $1 in --version) echo "Docker version ${version}, build 1"; exit 0 ;; esac
case "$1 $2" in "buildx version") ${version.startsWith('28') ? 'echo "github.com/docker/buildx v0.29.1"; exit 0' : 'exit 1'} ;; esac
echo "$*" >> "${home}/calls"
[ -z "$DOCKER_CONFIG" ] || /bin/cp -r "$DOCKER_CONFIG" "${home}/seen-$1" 2>/dev/null; echo "$DOCKER_CONFIG" > "${home}/config-directory"
${script}
`,
    { mode: 0o755 },
  );
  writeFileSync(join(home, 'Dockerfile'), 'FROM scratch\n');
  mkdirSync(join(home, '.docker'));
  const settings = { auths: { 'ghcr.io': { auth: 'eA==' } }, credsStore: 'desktop' };
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify(settings));
  const calls = (): string[] => readFileSync(join(home, 'calls'), 'utf8').trim().split('\n');
  return { home, calls, env: { PATH: join(home, 'bin'), HOME: home } };
}

export const writeMetadata = `while [ $# -gt 0 ]; do [ "$1" != --metadata-file ] || echo '{"containerimage.digest":"${digest}"}' > "$2"; shift; done`;

export function setupFor(more: Partial<Builder>): BuilderSetup {
  const builder = { arch: ['amd64'], driver: 'docker-container', driverIsGiven: false, local: true, ...more };
  return builderSetup({ builder: builder as Builder, registry: {} }, 'amd64');
}

export const build: ImageBuild = {
  service: 'shop',
  version: 'v1',
  image: 'registry.test:5000/acme/shop:v1',
  tags: ['registry.test:5000/acme/shop:v1', 'registry.test:5000/acme/shop:latest'],
  labels: { service: 'shop' },
  repository: 'registry.test:5000/acme/shop',
  setup: setupFor({ driver: 'docker' }),
  dockerfile: 'Dockerfile',
  args: {},
  secrets: ['TOKEN'],
  context: { kind: 'directory', path: '.' },
  output: 'registry',
  useCache: true,
};

export function building(
  on: ReturnType<typeof machine>,
  more: Partial<ImageBuilding> = {},
): ImageBuilding & { lines: string[] } {
  const lines: string[] = [];
  return {
    build,
    cwd: on.home,
    env: on.env,
    login: { server: 'registry.test:5000', username: 'deployer', password: 'hunter2' },
    secretValues: { TOKEN: 'hunter2' },
    mask: (text) => text.replaceAll('hunter2', '[secret]'),
    onLine: (line) => lines.push(line),
    signal: new AbortController().signal,
    lines,
    ...more,
  };
}
