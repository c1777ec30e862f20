import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { program } from './accessories.ts';
import { sandbox } from './harness.ts';
import type { Machine } from './machines.ts';

/** One destination of the small app with a database beside it, as `kamal setup` lays it out. */
export interface Laid {
  readonly version: string;
  /** Kamal's word after `-d`; absent for the file alone. */
  readonly destination?: string;
  readonly host: string;
  readonly accessory: { readonly service: string; readonly image: string; readonly port: string };
}

/** Runs on a machine, in its login shell, the commands that Kamal 2.12 runs (reference, sections 3.3 to 3.8, and kamal-host). */
export async function layOutAsKamal(machine: Machine, laid: Laid): Promise<void> {
  const ssh = promisify(execFile)('ssh', ['-F', sandbox['SANDBOX_SSH_CONFIG'] ?? '', machine.loopback, 'bash -seu']);
  ssh.child.stdin?.end(script(machine, laid));
  await ssh;
}

function script({ address }: Machine, { version, destination, host, accessory }: Laid): string {
  const { service, image, port } = accessory;
  const app = ['small', destination].filter(Boolean).join('-');
  const tags = destination === undefined ? '' : ` [${destination}]`;
  const labelled = `--label service="small" --label role="ROLE" --label destination${destination === undefined ? '' : `="${destination}"`}`;
  const audit = (text: string) =>
    `echo "[$(date -u +%FT%TZ)] [deployer@example.com]${tags} ${text}" >> .kamal/${app}-audit.log`;
  const role = (name: string, cmd: string) => {
    const container = ['small', name, destination, version].filter(Boolean).join('-');
    const kamals = {
      CONTAINER_NAME: container,
      VERSION: version,
      HOST: address,
      ...(destination === undefined ? {} : { DESTINATION: destination }),
    };
    const env = Object.entries(kamals).map(([key, value]) => `--env KAMAL_${key}="${value}"`);
    return `docker run --detach --restart unless-stopped --name ${container} --network kamal --hostname ${address}-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ') ${env.join(' ')} --env-file .kamal/apps/${app}/env/roles/${name}.env --log-opt max-size="10m" ${labelled.replace('ROLE', name)} registry.test:5000/small:${version}${cmd}`;
  };
  const proxyService = ['small', 'web', destination].filter(Boolean).join('-');
  return `
mkdir -p .kamal
echo '${sandbox['REGISTRY_PASSWORD']}' | docker login registry.test:5000 -u deployer --password-stdin >/dev/null 2>&1
docker image rm --force registry.test:5000/small:${version} >/dev/null 2>&1 || true
docker pull --quiet registry.test:5000/small:${version}
docker network create kamal >/dev/null 2>&1 || true
mkdir -p .kamal/proxy/apps-config
docker container start kamal-proxy 2>/dev/null || docker run --name kamal-proxy --network kamal --detach --restart unless-stopped --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config --publish 80:80 --publish 443:443 --log-opt max-size=10m registry.test:5000/basecamp/kamal-proxy:v0.9.2 kamal-proxy run
${audit(`Pulled image with version ${version}`)}
mkdir -p $PWD/${service}/data ${service}/srv
cat > ${service}/srv/service.js <<'END_OF_FILE'
${program.trimEnd()}
END_OF_FILE
chmod 755 ${service}/srv/service.js
mkdir -p .kamal/apps/${app}/env/accessories .kamal/apps/${app}/env/roles
umask 077
echo 'PASSWORD=pass word' > .kamal/apps/${app}/env/accessories/db.env
for role in web worker; do echo 'SECRET_KEY=small-key' > .kamal/apps/${app}/env/roles/$role.env; done
umask 022
docker run --name ${service} --detach --restart unless-stopped --network kamal --log-opt max-size="10m" --publish ${port} --env KAMAL_HOST="${address}" --env PORT="7001" --env DATA="/data" --env-file .kamal/apps/${app}/env/accessories/db.env --volume $PWD/${service}/srv/service.js:/srv/service.js --volume $PWD/${service}/data:/data --label service="${service}" --label kind="db" --memory "64m" ${image} node /srv/service.js
${audit('Booted db accessory')}
web=$(${role('web', '')})
docker exec kamal-proxy kamal-proxy deploy ${proxyService} --target="$(echo $web | cut -c1-12):3000" --host="${host}" --deploy-timeout="3s" --drain-timeout="5s" --health-check-interval="1s" --buffer-requests --buffer-responses --log-request-header="Cache-Control" --log-request-header="Last-Modified" --log-request-header="User-Agent"
${role('worker', ' worker')}
docker tag registry.test:5000/small:${version} registry.test:5000/small:${destination === undefined ? 'latest' : `latest-${destination}`}
rm -f .docker/config.json
`;
}

/** The keys of the file that this layout comes of; the other destination's database has a name and a port of its own. */
export const databaseKeys = (image: string) => `
x-longshore:
  base_destination: production
  accessories:
    db: { stop_timeout: 1, healthcheck: { tcp: 7001, interval: 1, timeout: 1, start_period: 2, retries: 1 } }
accessories:
  db:
    image: ${image}
    host: 100.64.77.11
    cmd: node /srv/service.js
    port: 127.0.0.1:7001:7001
    env:
      clear: { PORT: 7001, DATA: /data }
      secret: ["PASSWORD:DB_PASSWORD"]
    files: [config/service.js:/srv/service.js]
    directories: [data:/data]
    options: { memory: 64m }
    labels: { kind: db }
`;
