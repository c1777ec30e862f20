import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanResult } from '../../src/pipeline.ts';
import { emptyOfAccessories, images, program, pushImages } from './accessories.ts';
import { type Ended, makeProject, type Project } from './harness.ts';
import { databaseKeys, layOutAsKamal } from './kamal-layout.ts';
import { dal, emptyMachines, on, served } from './machines.ts';

/** Production and staging of one service on one machine, laid out by Kamal's own commands. */

const env = { DB_PASSWORD: 'pass word' };
const staging = `servers:
  web: { hosts: [100.64.77.11] }
proxy: { host: staging.test }
accessories:
  db: { service: small-staging-db, port: 127.0.0.1:7011:7001 }
`;
let project: Project;
let version: string;

beforeAll(async () => {
  await Promise.all([emptyMachines(dal).then(() => emptyOfAccessories(dal)), pushImages()]);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => text.replace('      - 100.64.77.12\n', '') + databaseKeys(images.one),
    'config/deploy.staging.yml': staging,
    'config/service.js': program,
    '.kamal/secrets': (text) => `${text}\nDB_PASSWORD=$DB_PASSWORD\n`,
    '.kamal/secrets.staging':
      'REGISTRY_PASSWORD=$REGISTRY_PASSWORD\nSECRET_KEY=$SMALL_SECRET_KEY\nDB_PASSWORD=$DB_PASSWORD\n',
  });
  version = project.commit('Laid out');
  const push = await longshore('build push');
  expect(push, push.output).toMatchObject({ status: 0 });
  const database = { image: images.one, port: '127.0.0.1:7001:7001' };
  await layOutAsKamal(dal, { version, host: 'small.test', accessory: { ...database, service: 'small-db' } });
  const own = { ...database, port: '127.0.0.1:7011:7001', service: 'small-staging-db' };
  await layOutAsKamal(dal, { version, destination: 'staging', host: 'staging.test', accessory: own });
});

afterAll(() => project.remove());

const longshore = (words: string): Promise<Ended> => project.longshore(words, { env });
/** Every container with its start, and every file of the login directory with its time. */
const everything = async () =>
  (
    await Promise.all([
      on(
        dal,
        `docker ps -aq | xargs docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}' | sort`,
      ),
      on(dal, 'docker exec kamal-proxy kamal-proxy list'),
      on(
        dal,
        `cd /home/deploy && find . -path ./.ssh -prune -o -path ./.docker -prune -o -type f -printf '%p %m %T@\\n' | sort`,
      ),
      on(dal, `docker images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort`),
    ])
  ).join('\n');
const problemsOf = ({ stdout }: Ended) => (JSON.parse(stdout) as PlanResult).problems;

test('what Kamal left is no drift, and a deploy with accessories leaves every container as it is', async () => {
  const before = await everything();
  expect(before).not.toContain('longshore');
  for (const destination of ['production', 'staging']) {
    const check = await longshore(`plan ${destination} --check`);
    expect(check, check.output).toMatchObject({ status: 0 });
    const deploy = await longshore(`deploy ${destination} --accessories`);
    expect(deploy, deploy.output).toMatchObject({ status: 0 });
  }
  expect(await everything()).toEqual(before);
  expect(await on(dal, `docker ps -aq | xargs docker inspect --format '{{json .Config.Labels}}'`)).not.toMatch(
    /longshore\.(?:values|owner|options)/,
  );
  expect([await served(dal, 'small.test'), await served(dal, 'staging.test')]).toEqual([version, version]);
});

const mine = (name: string) => `${dal.address}: ${name} of staging \\(config/deploy.staging.yml\\) wants`;
const productions = (name: string) => `${name} of production \\(config/deploy.yml\\)`;

test.each([
  {
    what: 'port',
    change: (text: string) => text.replace('127.0.0.1:7011', '0.0.0.0:7001'),
    says: () => `${mine('db')} the port 0.0.0.0:7001:7001, which ${productions('small-db')} has`,
  },
  {
    what: 'name',
    change: (text: string) => text.replace('service: small-staging-db, ', ''),
    says: () => `${mine('db')} the name small-db, which ${productions('small-db')} has`,
  },
  {
    what: 'directory',
    change: (text: string) =>
      text.replace('7011:7001 }', '7011:7001, directories: ["/home/deploy/small-db/data:/data"] }'),
    says: () => `${mine('db')} to write to /home/deploy/small-db/data, which ${productions('small-db')} mounts`,
  },
  {
    what: 'proxy’s port',
    change: (text: string) => `${text}  site: { image: ${images.one}, host: 100.64.77.11, port: 0.0.0.0:80:7001 }\n`,
    says: () => `${mine('site')} the port 0.0.0.0:80:7001, which the proxy has`,
  },
  {
    what: 'port of a program that is no container',
    change: (text: string) => `${text}  site: { image: ${images.one}, host: 100.64.77.11, port: 127.0.0.1:22:7001 }\n`,
    says: () => `${mine('site')} the port 127.0.0.1:22:7001, which a program that is no container listens on`,
  },
])(
  'a staging file that would take another’s $what is refused with both owners, and nothing is changed',
  async ({ what, change, says }) => {
    project.commit(what, { 'config/deploy.staging.yml': () => change(staging) });
    const before = await everything();
    const said = new RegExp(says());
    const newData = what === 'directory' ? ' --new-data /home/deploy/small-db/data' : '';
    const command = await longshore(`accessory upgrade all -d staging${newData}`);
    expect(command, command.output).toMatchObject({ status: 3 });
    expect(command.stderr).toMatch(said);
    expect(command.stderr).toContain('Nothing was changed.');
    const check = await longshore('plan staging --check --json');
    expect(check, check.output).toMatchObject({ status: 7 });
    if (what !== 'directory') expect(problemsOf(check)).toEqual([expect.stringMatching(said)]);
    expect(await everything()).toEqual(before);
  },
);

test('the proxy that leads to another’s service too is started only for who said yes, and is told whose traffic it is', async () => {
  project.commit('Staging as it was', { 'config/deploy.staging.yml': staging });
  await on(dal, 'docker stop -t 1 kamal-proxy');
  const before = await on(dal, 'docker ps -a --format "{{.Names}} {{.State}}" | sort');
  const refused = await longshore(`deploy staging -P --version ${version}`);
  expect(refused, refused.output).toMatchObject({ status: 3 });
  expect(refused.stderr).toContain(
    `${dal.address}: start the proxy, which another service shares: small-web (small.test)`,
  );
  expect(refused.stderr).toContain(`longshore deploy staging -P --version ${version} -y`);
  expect(await on(dal, 'docker ps -a --format "{{.Names}} {{.State}}" | sort')).toBe(before);
  const agreed = await longshore(`deploy staging -P -y --version ${version}`);
  expect(agreed, agreed.output).toMatchObject({ status: 0 });
  expect(agreed.output).toContain('which another service shares');
  expect([await served(dal, 'small.test'), await served(dal, 'staging.test')]).toEqual([version, version]);
});

test('on an empty machine too, and what is the base file’s own may come', async () => {
  await emptyMachines(dal);
  project.commit('Both new', { 'config/deploy.staging.yml': staging.replace('7011:7001', '7001:7001') });
  const said = `${mine('db')} the port 127.0.0.1:7001:7001, which db of production \\(config/deploy.yml\\) wants too`;
  for (const words of ['setup staging', 'accessory boot all -d staging']) {
    const command = await longshore(words);
    expect(command, command.output).toMatchObject({ status: 3 });
    expect(command.stderr).toMatch(new RegExp(said));
  }
  expect(await on(dal, 'docker ps -aq')).toBe('');
  const boot = await longshore('accessory boot all -d production');
  expect(boot, boot.output).toMatchObject({ status: 0 });
});
