import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import type { SshConfig } from '../../src/config/config.ts';
import type { FakeImage } from '../fakes/images.ts';
import { sandboxOfWorker } from '../sandbox/sets.ts';

const registry = 'registry.test:5000';
export const healthyImage = `${registry}/contract:healthy`;
export const silentImage = `${registry}/contract:silent`;
/** Two versions of an app with assets; one file of theirs has the same name, and nobody but root may read another. */
export const assetImages = [`${registry}/contract:assets-1`, `${registry}/contract:assets-2`] as const;
export const deafImage = `${registry}/contract:deaf`;
export const exitingImage = `${registry}/contract:exiting`;

/** The same images in both worlds: what the one in memory says, and the command that makes the real one do it. */
export const images: Readonly<Record<string, Partial<FakeImage>>> = {
  [healthyImage]: { labels: { service: 'contract' }, logLines: ['listening', 'ready'], behaviour: { kind: 'healthy' } },
  [silentImage]: { labels: { service: 'contract' }, behaviour: { kind: 'never-healthy' } },
  [assetImages[0]]: { files: { '/opt/assets/app-1.js': 'one', '/opt/assets/a b/.x': '1' } },
  [assetImages[1]]: { files: { '/opt/assets/app-2.js': 'two', '/opt/assets/a b/.x': '2' } },
  [deafImage]: { labels: { service: 'contract' }, behaviour: { kind: 'deaf' } },
  [exitingImage]: {
    labels: { service: 'contract' },
    logLines: ['one', 'two', 'three'],
    behaviour: { kind: 'exits', afterSeconds: 0.4, exitStatus: 3 },
  },
};

/** An image by the way that leads over this machine, where the registry's port is the same. */
export function throughHere(reference: string): string {
  return reference.replace(/^registry\.test:/, 'localhost:');
}

const commands: Readonly<Record<string, string>> = {
  [healthyImage]: `require('http').createServer((q, r) => r.end('ok')).listen(80); console.log('listening'); console.log('ready')`,
  [silentImage]: `require('http').createServer((q, r) => { r.statusCode = 503; r.end() }).listen(80)`,
  [assetImages[0]]: '',
  [assetImages[1]]: '',
  [deafImage]: `setInterval(() => undefined, 1000)`,
  [exitingImage]: `console.log('one'); console.log('two'); console.log('three'); setTimeout(() => process.exit(3), 400)`,
};

let known: Readonly<Record<string, string>> | undefined;

/** What `sandbox env` prints. @throws when there is no sandbox */
export function sandboxEnvironment(): Readonly<Record<string, string>> {
  return (known ??= sandboxOfWorker());
}

/** How deploy.yml would say to reach the sandbox's machines. */
export function sandboxSsh(overrides: Partial<SshConfig> = {}): SshConfig {
  const { SANDBOX_SSH_CONFIG = '' } = sandboxEnvironment();
  return {
    ...{ user: 'deploy', port: 22, keys: [], keysOnly: false, keyData: [], forwardAgent: false, hosts: {} },
    ...{ startsAtOnce: 30, dnsRetries: 0, config: [SANDBOX_SSH_CONFIG] },
    ...overrides,
  };
}

/** Builds the contract's images and pushes them, unless the registry has them. */
export function ensureImages(): void {
  const { SANDBOX_PUSH_CONFIG = '', REGISTRY_USER = '', REGISTRY_PASSWORD = '' } = sandboxEnvironment();
  for (const [reference, command] of Object.entries(commands)) {
    const [, path, tag] = /^[^/]+\/(.+):(.+)$/.exec(reference) ?? [];
    const url = `http://127.0.0.1:5000/v2/${path}/manifests/${tag}`;
    // The password not among the words, which every process list shows.
    const status = execFileSync('curl', ['-so', '/dev/null', '-w', '%{http_code}', '--config', '-', url], {
      input: `user = "${REGISTRY_USER}:${REGISTRY_PASSWORD}"\n`,
    });
    if (status.toString() === '200') continue;
    const files = Object.entries(images[reference]?.files ?? {}).map(
      ([file, text]) => `mkdir -p "${dirname(file)}" && printf %s ${text} >"${file}" && chmod 600 "${file}"`,
    );
    const run = files.length === 0 ? '' : `RUN ${files.join(' && ')}\n`;
    const dockerfile = `FROM ${registry}/node:20\nUSER root\n${run}LABEL service=contract\nCMD ${JSON.stringify(['node', '-e', command])}\n`;
    execFileSync('docker', ['build', '-q', '-t', reference, '-'], {
      input: dockerfile,
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    });
    execFileSync('docker', ['--config', SANDBOX_PUSH_CONFIG, 'push', '-q', reference]);
  }
}
