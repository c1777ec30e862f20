import { mkdtempSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/config.ts';
import type { ContainerInspect, Docker, ImageInspect } from '../../src/hosts/docker.ts';
import type { Host, HostState } from '../../src/hosts/host.ts';

const directory = fileURLToPath(new URL('kamal-host/', import.meta.url));
const read = (name: string) => readFileSync(join(directory, name), 'utf8');

/** The file that real Kamal 2.12 deployed, without its accessories, which no deploy looks at. */
export function kamalConfig(destination?: string): Config {
  const place = mkdtempSync(join(tmpdir(), 'longshore-kamal-host-'));
  mkdirSync(join(place, 'config'));
  for (const name of ['deploy.yml', 'deploy.staging.yml'])
    copyFileSync(join(directory, name), join(place, 'config', name));
  return loadConfig({
    file: 'config/deploy.yml',
    cwd: place,
    env: {},
    ...(destination === undefined ? {} : { destination }),
  });
}

/** What Kamal's containers were given for its secrets. */
export const kamalSecrets = new Map([['SEKRET', 's3cret value']]);

/** A machine exactly as real Kamal 2.12 left it: the recorded answers of its Docker Engine. Only reading works. */
export function kamalHost(): Host {
  const containers = JSON.parse(read('containers.json')) as ContainerInspect[];
  const images = JSON.parse(read('images.json')) as ImageInspect[];
  const docker: Partial<Docker> = {
    listContainers: async () =>
      containers.map((container) => ({
        Id: container.Id,
        Names: [container.Name],
        Image: container.Config.Image,
        ImageID: container.Image,
        Labels: container.Config.Labels ?? {},
        State: container.State.Status,
        Status: container.State.Status === 'running' ? 'Up 2 minutes' : 'Exited (2) 1 minute ago',
        Created: Date.parse(container.Created) / 1000,
      })),
    inspectContainer: async (name) =>
      containers.find((container) => container.Name === `/${name}` || container.Id === name),
    listImages: async () =>
      images.map((image) => ({
        Id: image.Id,
        RepoTags: image.RepoTags,
        RepoDigests: image.RepoDigests,
        Labels: image.Config.Labels,
        Created: 0,
        Size: 10_000_000,
      })),
    inspectImage: async (reference) => images.find(({ RepoTags }) => RepoTags?.includes(reference)),
    inspectNetwork: async (name) =>
      (JSON.parse(read('network.json')) as { Name: string; Id: string }[]).find(({ Name }) => Name === name),
    readFile: async () => Buffer.from(read('kamal-proxy.state.json')),
    info: async () => ({
      ServerVersion: '20.10.24',
      Architecture: 'x86_64',
      SystemTime: '2026-11-20T22:55:44Z',
      DockerRootDir: '/var/lib/docker',
    }),
  };
  const state: HostState = {
    user: 'root',
    homeDirectory: '/root',
    architecture: 'x86_64',
    freeBytes: 10 ** 10,
    releasesText: '',
    files: {},
    existingPaths: [],
    directories: {},
    variables: {},
  };
  return { name: '127.0.0.12', docker: docker as Docker, readState: async () => state } as Partial<Host> as Host;
}
