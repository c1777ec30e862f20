import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Changes, sandbox } from './harness.ts';
import { type Machine, on } from './machines.ts';

/** Accessories of every kind that start at once: what each is, and its images. */

const node = 'registry.test:5000/node:20';

export const images = {
  one: 'registry.test:5000/small:service-1',
  two: 'registry.test:5000/small:service-2',
  volume: 'registry.test:5000/small:service-volume',
  broken: 'registry.test:5000/small:service-broken',
} as const;

/** Each differs from Node's by its environment alone, so that nothing of weight is built, pushed or pulled. */
export async function pushImages(): Promise<void> {
  await pushImage(images.one, 'ENV EDITION=1');
  await pushImage(images.two, 'ENV EDITION=2');
  await pushImage(images.volume, 'ENV EDITION=volume\nVOLUME /scratch');
  await pushImage(images.broken, 'ENV EDITION=broken');
}

/** A small image with one line more than Node's. */
export async function pushImage(image: string, line: string): Promise<void> {
  const env = {
    ...process.env,
    ...(sandbox['SANDBOX_DOCKER_CONFIG'] ? { DOCKER_CONFIG: sandbox['SANDBOX_DOCKER_CONFIG'] } : {}),
  };
  const building = promisify(execFile)('docker', ['build', '--quiet', '--tag', image, '-'], { env });
  building.child.stdin?.end(`FROM ${node}\n${line}\n`);
  await building;
  await promisify(execFile)('docker', ['--config', sandbox['SANDBOX_PUSH_CONFIG'] ?? '', 'push', '--quiet', image]);
}

/** Writes a line to its data at each start, and answers by HTTP; a broken one writes too, and never answers. */
export const program = `const { createServer } = require('node:http');
const { appendFileSync } = require('node:fs');
const { DATA, EDITION, PORT } = process.env;
if (DATA) appendFileSync(DATA + '/boots', 'boot of ' + EDITION + '\\n');
process.on('SIGTERM', () => process.exit(0));
if (EDITION === 'broken') setInterval(() => undefined, 1000);
else createServer((asked, answer) => { answer.statusCode = asked.url === '/up' ? 204 : 404; answer.end(); }).listen(PORT);
`;

const soon = 'interval: 1, timeout: 1, start_period: 1, retries: 1';
const common = `image: ${images.one}
    cmd: node /srv/service.js
    stop_timeout: 2`;
const file = 'config/service.js:/srv/service.js:ro';

const accessories = `
accessories:
  db:
    ${common}
    host: 100.64.77.11
    port: 127.0.0.1:7001:7001
    env:
      clear: { PORT: 7001, DATA: /data }
      secret: ["PASSWORD:DB_PASSWORD"]
    files:
      - ${file}
      - { local: config/db.conf.erb, remote: /etc/db.conf, mode: "0600" }
    volumes: ["small-db-data:/data"]
    healthcheck: { tcp: 7001, ${soon} }
  api:
    ${common}
    host: 100.64.77.11
    env: { clear: { PORT: 7002, DATA: /state } }
    files: [${file}]
    directories:
      - { local: state, remote: /state, mode: "0750" }
    depends_on: [db]
    healthcheck: { http: { path: /up, port: 7002, status: 204 }, ${soon} }
  cache:
    ${common}
    hosts: [100.64.77.11, 100.64.77.12]
    port: 127.0.0.1:7003:7003
    env: { clear: { PORT: 7003 } }
    files: [${file}]
    healthcheck: { ${soon} }
  job:
    ${common}
    host: 100.64.77.12
    env: { clear: { PORT: 7004 } }
    files: [${file}]
    depends_on: [cache]
    healthcheck: { cmd: "bash -c ': >/dev/tcp/127.0.0.1/7004'", ${soon} }
`;

/** One more, whose image declares a volume that nothing mounts. */
export function looseAccessory(more: string): string {
  return `  loose:
    image: ${images.volume}
    cmd: node /srv/service.js
    stop_timeout: 2
    host: 100.64.77.11
    ${more}
    env: { clear: { PORT: 7006 } }
    files: [${file}]
    healthcheck: { tcp: 7006, ${soon} }
`;
}

export const addAccessories: Changes = {
  'config/deploy.yml': (text) => `${text}${accessories}`,
  'config/service.js': program,
  'config/db.conf.erb': `host <%= ENV["KAMAL_HOST"] %>\npassword <%= ENV["PASSWORD"] %>\n`,
  '.kamal/secrets': (text) => `${text}\nDB_PASSWORD=$DB_PASSWORD\n`,
};

/** What `emptyMachines` leaves: volumes, and what accessories keep in the login directory. */
export async function emptyOfAccessories(...machines: readonly Machine[]): Promise<void> {
  const script = 'docker volume rm small-db-data >/dev/null 2>&1; rm -rf /home/deploy/small-*';
  await Promise.all(machines.map((one) => on(one, script)));
}
