import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, get, type Machine, on } from './machines.ts';

const host = 'small.test';
const machines = [dal, chi];
const apps = '/home/deploy/.kamal/proxy/apps-config/small';
let project: Project;
let place: string;
let first: string;
let second: string;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      `${text.replace('  host: small.test\n', '  host: small.test\n  ssl: {certificate_pem: CERT, private_key_pem: CERT_KEY}\n  ssl_redirect: false\n')}\nerror_pages_path: public\nsmoke: [{path: /up}]\n`,
    '.kamal/secrets': (text) => `${text}CERT=$(cat ../certificates/now.pem)\nCERT_KEY=$(cat ../certificates/now.key)\n`,
    'public/503.html': '<h1>Back at once, says the first</h1>',
    'public/502.html': '<h1>Broken, says the first</h1>',
  });
  place = join(project.directory, '../certificates');
  mkdirSync(place);
  openssl(
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=Test -keyout ca.key -out ca.pem',
  );
  certificate('one', 10);
});

afterAll(() => project.remove());

function openssl(words: string): void {
  execFileSync('openssl', words.split(' '), { cwd: place, stdio: 'ignore' });
}

/** Signed by the test's own authority, and from now on what the secrets hold. */
function certificate(name: string, days: number): void {
  openssl(
    `req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=${name} -addext subjectAltName=DNS:${host} -keyout ${name}.key -out ${name}.csr`,
  );
  openssl(
    `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days ${days} -copy_extensions copy -out ${name}.pem`,
  );
  execFileSync('sh', ['-c', `cp ${name}.pem now.pem && cp ${name}.key now.key`], { cwd: place });
}

/** The subject of the certificate that a machine shows; what is not signed by the authority is refused. */
function shown({ loopback }: Machine): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: loopback, port: 443, servername: host, ca: readFileSync(join(place, 'ca.pem')) },
      () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
        socket.end();
      },
    );
    socket.on('error', reject);
  });
}

function ask({ loopback }: Machine): Promise<string> {
  const ca = readFileSync(join(place, 'ca.pem'));
  return new Promise((resolve) => {
    const options = { host: loopback, port: 443, servername: host, headers: { host }, ca, agent: false, timeout: 5000 };
    const asking = request(options, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)));
    });
    asking.on('timeout', () => asking.destroy(new Error('too long')));
    asking.on('error', (error) => resolve(error.message));
    asking.end();
  });
}

/** Asks all the time over TLS until told to stop. @returns what was no 200 */
function keepAsking(): { stop(): Promise<{ requests: number; lost: string[] }> } {
  const lost: string[] = [];
  const state = { requests: 0, over: false };
  const asking = [...machines, ...machines].map(async (where) => {
    while (!state.over) {
      const answer = await ask(where);
      state.requests += 1;
      if (answer !== '200') lost.push(answer);
    }
  });
  return {
    async stop() {
      state.over = true;
      await Promise.all(asking);
      return { requests: state.requests, lost };
    },
  };
}

const started = (where: Machine) =>
  on(
    where,
    `docker ps --filter label=service=small --format '{{.ID}}' | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}}' | sort`,
  );
const pemFiles = (where: Machine) =>
  on(where, `cd ${apps}/tls/web && find . -name '*.pem' -printf '%m %u %P\n' | sort -k3`);

async function expectNoDrift(): Promise<void> {
  const check = await project.longshore('plan --check');
  expect(check, check.output).toMatchObject({ status: 0 });
}

test('a certificate of one’s own is shown by every machine, and its key can be read by the proxy alone', async () => {
  first = project.commit('First');
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
  // Ten days are left.
  expect(setup.output).toContain('the certificate of web (CERT) is valid for 9 more days');
  expect(setup.output).not.toContain('PRIVATE KEY');
  // Asked by TLS, through the proxy of each machine.
  expect(setup.output.match(/ask small-web-\w+ for https:\/\/small.test\/up .*: done/g)).toHaveLength(2);
  for (const where of machines) {
    expect(await shown(where)).toBe('CN=one');
    expect(await ask(where)).toBe('200');
    const proxyUser = await on(where, 'docker exec kamal-proxy id -u');
    const owner = await on(where, `getent passwd ${proxyUser} | cut -d: -f1`);
    expect((await pemFiles(where)).split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^600 ${owner || proxyUser} [0-9a-f]{12}/cert.pem$`)),
      expect.stringMatching(new RegExp(`^600 ${owner || proxyUser} [0-9a-f]{12}/key.pem$`)),
    ]);
  }
  await expectNoDrift();
});

test('a renewed certificate swaps under load without a lost request, and no container is started again', async () => {
  const before = await Promise.all(machines.map(started));
  certificate('two', 25);
  const plan = await project.longshore('plan');
  expect(plan.output).toContain('its certificate is another one');
  const load = keepAsking();
  const deploy = await project.longshore('deploy --json');
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  const { requests, lost } = await load.stop();
  expect(lost).toEqual([]);
  expect(requests).toBeGreaterThan(100);
  expect(await Promise.all(machines.map(started))).toEqual(before);
  for (const where of machines) {
    expect(await shown(where)).toBe('CN=two');
    // The old one is gone from the machine.
    expect((await pemFiles(where)).split('\n')).toHaveLength(2);
  }
  expect(JSON.stringify(deploy.events)).not.toContain(readFileSync(join(place, 'two.key'), 'utf8').split('\n')[1]);
  await expectNoDrift();
});

test('the proxy shows a release’s own pages, also after a rollback, which keeps the newest certificate', async () => {
  second = project.commit('Second', { 'public/503.html': '<h1>Back at once, says the second</h1>' });
  const deploy = await project.longshore('deploy');
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  const stopped = async () => {
    await on(dal, 'docker exec kamal-proxy kamal-proxy stop small-web --drain-timeout=1s');
    const answer = await get(dal, host);
    await on(dal, 'docker exec kamal-proxy kamal-proxy resume small-web');
    return answer;
  };
  expect(await stopped()).toEqual({ status: 503, body: '<h1>Back at once, says the second</h1>' });
  certificate('three', 25);
  const back = await project.longshore(`rollback ${first.slice(0, 12)}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  expect(await stopped()).toEqual({ status: 503, body: '<h1>Back at once, says the first</h1>' });
  expect(await shown(dal)).toBe('CN=three');
  await expectNoDrift();
  // What serves is gone, so the proxy says so in the release's words.
  await on(dal, `docker pause small-web-${first}`);
  await on(dal, `docker unpause small-web-${first}; docker stop -t 1 small-web-${first}`);
  expect(await get(dal, host)).toEqual({ status: 502, body: '<h1>Broken, says the first</h1>' });
  const deployed = await project.longshore('deploy');
  expect(deployed, deployed.output).toMatchObject({ status: 0 });
  expect(await stopped()).toMatchObject({ body: '<h1>Back at once, says the second</h1>' });
});

test('pages that Kamal deleted are left out of a rollback’s route, with a note', async () => {
  await Promise.all(machines.map((one) => on(one, `rm -rf ${apps}/error_pages/${first}`)));
  const back = await project.longshore(`rollback ${first.slice(0, 12)}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  expect(back.output).toContain('the error pages of that release are gone, so the proxy shows its own');
  await expectNoDrift();
  expect(await project.longshore('rollback ' + second.slice(0, 12))).toMatchObject({ status: 0 });
});

test('a failed deploy puts the certificate back that served, and a restart of the proxy changes nothing', async () => {
  certificate('four', 25);
  project.commit('Unhealthy', { behaviour: 'web:unhealthy\n' });
  const deploy = await project.longshore('deploy');
  expect(deploy, deploy.output).toMatchObject({ status: 5 });
  for (const where of machines) {
    await on(where, 'docker restart -t 2 kamal-proxy');
    await expect.poll(() => ask(where), { timeout: 10_000 }).toBe('200');
    expect(await shown(where)).toBe('CN=three');
  }
  project.commit('Healthy', { behaviour: '' });
  const again = await project.longshore('deploy');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect(await shown(dal)).toBe('CN=four');
});

test('what cannot be used is refused before anything changes, and Kamal can still write in its places', async () => {
  execFileSync('cp', ['one.key', 'now.key'], { cwd: place });
  const wrong = await project.longshore('deploy');
  expect(wrong, wrong.output).toMatchObject({ status: 2 });
  expect(wrong.output).toContain('CERT_KEY is not the key of the certificate CERT');
  execFileSync('cp', ['four.key', 'now.key'], { cwd: place });
  // Kamal logs in as the same user, copies over its own paths, and removes the whole directory with the app.
  const asKamal = `cd ${apps} && mkdir -p tls/web && echo x >tls/web/cert.pem && echo y >tls/web/key.pem && cp -r ${apps} /tmp/before 2>/dev/null; rm -r ${apps}/tls`;
  await on(chi, `su deploy -c '${asKamal}'`);
  expect(await on(chi, `ls -d ${apps}/tls 2>/dev/null || echo gone`)).toBe('gone');
  const mended = await project.longshore('deploy');
  expect(mended, mended.output).toMatchObject({ status: 0 });
  expect(await shown(chi)).toBe('CN=four');
  await expectNoDrift();
});
