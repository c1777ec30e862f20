import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Project, projectIn, sandbox } from '../e2e/harness.ts';
import { chi, dal, on } from '../e2e/machines.ts';
import { type Relay, throughRelays } from '../e2e/relay.ts';

/**
 * Web on both machines and a worker on dal-01, where the lock is; database and queue on chi-02, so that what befalls dal-01 alone takes
 * neither. The app is Heatwave's.
 */

const heatwave = join(import.meta.dirname, '../../examples/heatwave');
export const host = 'chaos.test';

/** @param relays the way to the machines' sshd, dal-01's first */
export function makeChaosProject(relays: readonly Relay[]): Project {
  const parent = mkdtempSync(join(tmpdir(), 'longshore-chaos-'));
  const directory = join(parent, 'app');
  for (const folder of ['tmp', 'app/config', 'app/.kamal']) mkdirSync(join(parent, folder), { recursive: true });
  cpSync(join(heatwave, 'lib'), join(directory, 'lib'), { recursive: true });
  cpSync(join(heatwave, 'worker.js'), join(directory, 'worker.js'));
  writeFileSync(join(directory, 'web.js'), withSlowPage(readFileSync(join(heatwave, 'web.js'), 'utf8')));
  writeFileSync(join(directory, 'release.js'), release);
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  writeFileSync(join(directory, 'config/deploy.yml'), deployFile);
  writeFileSync(join(directory, '.kamal/secrets'), 'REGISTRY_PASSWORD=$REGISTRY_PASSWORD\nPOSTGRES_PASSWORD=chaos\n');
  execFileSync('git', ['init', '--quiet', '--initial-branch=main'], { cwd: directory });
  const project = projectIn(parent, { REGISTRY_PASSWORD: sandbox['REGISTRY_PASSWORD'] ?? '' });
  project.commit('Chaos', throughRelays(relays));
  return project;
}

function withSlowPage(text: string): string {
  const slow = `  async 'GET /slow'({ milliseconds }) {
    await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    return { status: 200, text: \`slow \${version}\` };
  },`;
  return text.replace('const routes = {', `const routes = {\n${slow}`);
}

/** Takes long enough to be cut, and the database knows how often it ran to its end. */
const release = `const { query, pause } = require('./lib/database.js');
(async () => {
  await query('CREATE TABLE IF NOT EXISTS releases (version text)');
  await pause(3000);
  await query('INSERT INTO releases VALUES ($1)', [process.env.KAMAL_VERSION]);
  process.exit(0);
})();
`;

/** A layer of some size, so that a pull takes long enough to be cut. */
const dockerfile = `FROM registry.test:5000/node:20
WORKDIR /app
RUN mkdir -p public/assets && touch public/assets/none
COPY lib lib
COPY *.js ./
RUN head -c 8000000 /dev/urandom >bulk
EXPOSE 80
CMD ["node", "web.js"]
`;

const deployFile = `service: chaos
image: chaos
servers:
  web:
    hosts: [100.64.77.11, 100.64.77.12]
  worker:
    hosts: [100.64.77.11]
    cmd: node worker.js
    stop_timeout: 20
release: {cmd: node release.js, timeout: 60}
registry: {server: registry.test:5000, username: deployer, password: [REGISTRY_PASSWORD]}
builder: {arch: amd64, driver: docker}
proxy:
  host: ${host}
  app_port: 80
  healthcheck: {interval: 1}
  run: {registry: registry.test:5000}
env:
  clear:
    DATABASE_HOST: 100.64.77.12
    DATABASE_PORT: 5432
    DATABASE_NAME: chaos
    DATABASE_USER: chaos
    VALKEY_CACHE_URL: redis://100.64.77.12:6379
    VALKEY_SESSIONS_URL: redis://100.64.77.12:6379
    VALKEY_QUEUE_URL: redis://100.64.77.12:6379
  secret: [POSTGRES_PASSWORD]
ssh:
  user: deploy
  config: x/ssh_config
deploy_timeout: 15
drain_timeout: 10
readiness_delay: 1
retain_containers: 2
accessories:
  postgres:
    image: registry.test:5000/heatwave/postgres:15-bookworm
    cmd: postgres -c "listen_addresses=*"
    host: 100.64.77.12
    port: 100.64.77.12:5432:5432
    env: {clear: {POSTGRES_USER: chaos, POSTGRES_DB: chaos}, secret: [POSTGRES_PASSWORD]}
    directories: [data:/var/lib/postgresql/data]
    healthcheck: {cmd: pg_isready -q -h 127.0.0.1 -U chaos, start_period: 60}
  valkey:
    image: registry.test:5000/heatwave/valkey:sandbox
    host: 100.64.77.12
    port: 100.64.77.12:6379:6379
    cmd: valkey-server --maxmemory-policy noeviction --save "" --appendonly yes
    directories: [data:/data]
`;

/** Both machines as on the first day but for images of what is not the app. */
export async function emptyOfChaos(): Promise<void> {
  const nothing = `docker ps -aq | xargs -r docker rm -fv >/dev/null
docker volume ls -q | xargs -r docker volume rm >/dev/null
docker network rm kamal >/dev/null 2>&1
docker images --format '{{.Repository}}:{{.Tag}}' | grep ':5000/chaos:' | xargs -r docker rmi -f >/dev/null
rm -rf /home/deploy/.kamal /home/deploy/chaos-* /usr/local/bin/date
sed '/chaos$/d' /etc/hosts >/tmp/hosts && cat /tmp/hosts >/etc/hosts
umount /var/lib/docker/tmp 2>/dev/null || true`;
  await Promise.all([dal, chi].map((one) => on(one, nothing)));
}
