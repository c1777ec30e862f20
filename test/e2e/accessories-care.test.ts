import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { emptyOfAccessories, images, program, pushImage, pushImages } from './accessories.ts';
import { makeProject, type Project, sandbox } from './harness.ts';
import { allNamed, dal, emptyMachines, on, served } from './machines.ts';

/** What accessories are to others and keep for them: roles that depend on one, tags, certificates, data, and what is taken away. */

const moving = 'registry.test:5000/small:service-moving';
const common = (image: string, more: string) => `
    image: ${image}
    host: 100.64.77.11
    cmd: node /srv/service.js
    stop_timeout: 2
    files: [config/service.js:/srv/service.js]
    ${more}
    healthcheck: { interval: 1, timeout: 1, start_period: 2, retries: 1, tcp:`;
const accessories = `
x-longshore:
  servers: { web: { depends_on: [cache] } }
accessories:
  cache: ${common(moving, 'env: { clear: { PORT: 7001 } }')} 7001 }
  store: ${common(images.one, 'env: { clear: { PORT: 7002, DATA: /data } }')} 7002 }
    directories: [data:/data]
  site: ${common(images.one, 'env: { clear: { PORT: 7003 } }')} 7003 }
    proxy:
      { host: site.test, app_port: 7003, ssl: { certificate_pem: CERT, private_key_pem: CERT_KEY } }
`;
const failing = `  failing:
    image: ${images.one}
    host: 100.64.77.11
    cmd: node -e 'setTimeout(() => process.exit(3), 100)'
    healthcheck: { tcp: 7004, interval: 1, timeout: 1, start_period: 1, retries: 1 }
`;
let project: Project;
let place: string;
let first: string;

beforeAll(async () => {
  await Promise.all([
    emptyMachines(dal).then(() => emptyOfAccessories(dal)),
    pushImages(),
    pushImage(moving, 'ENV EDITION=1'),
  ]);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => text.replace('      - 100.64.77.12\n', '') + accessories,
    'config/service.js': program,
    '.kamal/secrets': (text) => `${text}CERT=$(cat ../certificates/now.pem)\nCERT_KEY=$(cat ../certificates/now.key)\n`,
  });
  place = join(project.directory, '../certificates');
  mkdirSync(place);
  certificate('one');
  first = project.commit('First');
});

afterAll(() => project.remove());

function certificate(name: string): void {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${name} -addext subjectAltName=DNS:site.test -keyout now.key -out now.pem`;
  execFileSync('openssl', words.split(' '), { cwd: place, stdio: 'ignore' });
}

/** The subject of the certificate that the machine shows for the accessory. */
function shown(): Promise<string> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(join(place, 'now.pem'));
    const socket = connect({ host: dal.loopback, port: 443, servername: 'site.test', ca }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
      socket.end();
    });
    socket.on('error', reject);
  });
}

async function refused(words: string, status: number, text: string | RegExp): Promise<void> {
  const ended = await project.longshore(words);
  expect(ended, ended.output).toMatchObject({ status });
  expect(ended.stderr).toMatch(text);
}

const started = (name: string) => on(dal, `docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${name}`);
const boots = (folder: string) => on(dal, `cat /home/deploy/small-store/${folder}/boots | wc -l`);

test('a role is started after what it depends on, and by no deploy while that is down', async () => {
  const setup = await project.succeeds('setup --json');
  const starts = setup.events.flatMap((event) =>
    event.type === 'step-ended' && event.step.kind === 'start-container' ? [event.role] : [],
  );
  expect(starts.indexOf('web')).toBeGreaterThan(starts.indexOf('cache'));
  expect(await shown()).toBe('CN=one');

  const stop = await project.succeeds('accessory stop cache');
  expect(stop.output).toContain('web depends on cache');
  const second = project.commit('Second');
  await refused('deploy', 3, /web depends on cache, .*does not run[^]*accessory start cache/);
  expect(await served(dal, 'small.test')).toBe(first);
  await project.succeeds('accessory start cache');
  await project.succeeds('deploy');
  expect(await served(dal, 'small.test')).toBe(second);
});

test('a tag that moved is told, left alone by a deploy, and pulled and applied by upgrade, which says what is lost', async () => {
  const before = await started('small-cache');
  await pushImage(moving, 'ENV EDITION=2');
  expect((await project.succeeds('plan')).output).toContain(`${moving} of cache moved: the registry has sha256:`);
  await project.succeeds('deploy --accessories');
  expect(await started('small-cache')).toBe(before);
  const upgrade = await project.succeeds('accessory upgrade cache');
  expect(upgrade.output).toMatch(
    /pull registry.test:5000\/small:service-moving \(the registry has sha256:\w+ by now\)/,
  );
  expect(upgrade.output).toContain('cache mounts no data: what it has in memory and in its container is gone');
  expect(await on(dal, `docker exec small-cache sh -c 'echo $EDITION'`)).toBe('2');
  expect((await project.succeeds('accessory upgrade cache')).stdout).toContain('Nothing to do.');
});

test('a certificate of an accessory that changed is put on its route, and its container stays', async () => {
  const before = await started('small-site');
  certificate('two');
  const check = await project.longshore('plan --check');
  expect(check, check.output).toMatchObject({ status: 7 });
  await project.succeeds('accessory upgrade site');
  expect(await shown()).toBe('CN=two');
  expect(await started('small-site')).toBe(before);
  expect(await project.longshore('plan --check')).toMatchObject({ status: 0 });
});

test('data is not left behind unless that is said', async () => {
  const [before, count] = [await started('small-store'), await boots('data')];
  project.commit('Elsewhere', { 'config/deploy.yml': (text) => text.replace('[data:/data]', '[other:/data]') });
  const said = '--new-data /home/deploy/small-store/other';
  for (const words of ['accessory reboot store', 'accessory upgrade store', 'deploy --accessories'])
    await refused(words, 2, said);
  expect([await started('small-store'), await boots('data')]).toEqual([before, count]);
  await project.succeeds(`accessory upgrade store ${said}`);
  expect([await boots('data'), await boots('other')]).toEqual([count, '1']);
});

test('boot of several leaves what got healthy when another one fails', async () => {
  await project.succeeds('accessory remove store -y');
  project.commit('Failing', { 'config/deploy.yml': (text) => text + failing });
  await refused('accessory boot all', 5, /store is new and healthy, and stays/);
  expect(await on(dal, `docker ps --format '{{.Names}}' | sort`)).toMatch(/small-cache\nsmall-site\nsmall-store/);
  expect(await boots('other')).toBe('1');
});

test('remove asks for the name', async () => {
  expect(await atTerminal('accessory remove store', 'shop')).toMatch(/shop is not store[^]*Nothing was changed/);
  expect(await allNamed(dal, 'small-store')).toEqual(['small-store']);
  await refused('accessory remove store', 2, 'nobody is there to ask');
  expect(await atTerminal('accessory remove store', 'store')).toContain('Done in');
  expect(await allNamed(dal, 'small-store')).toEqual([]);
  expect(await on(dal, 'ls /home/deploy')).not.toContain('small-store');
});

/** Types a command on a terminal of its own, and the answer to its question. @returns what stood there */
function atTerminal(words: string, answer: string): Promise<string> {
  const command = `${process.execPath} ${join(inject('longshore'), 'bin/run.js')} ${words}`;
  const env = { ...process.env, REGISTRY_PASSWORD: sandbox['REGISTRY_PASSWORD'], SMALL_SECRET_KEY: 'small-key' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: project.directory, env });
  return new Promise((resolve) => {
    let all = '';
    child.stdout.on('data', (bytes: Buffer) => {
      const asked = all.includes('Type its name');
      all += bytes.toString();
      if (!asked && all.includes('Type its name')) child.stdin.write(`${answer}\r`);
    });
    child.on('close', () => resolve(all));
  });
}
