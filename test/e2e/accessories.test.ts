import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessoryDetailsResult, AccessoryResult } from '../../src/report/results.ts';
import { addAccessories, emptyOfAccessories, images, looseAccessory, pushImages } from './accessories.ts';
import { type Ended, makeProject, type Project } from './harness.ts';
import { allNamed, chi, dal, emptyMachines, lockIsHeld, on, typed } from './machines.ts';

let project: Project;

beforeAll(async () => {
  await Promise.all([emptyMachines(dal, chi).then(() => emptyOfAccessories(dal, chi)), pushImages()]);
  project = makeProject('test/apps/small', addAccessories);
});

afterAll(() => project.remove());

const accessory = (words: string, options = {}): Promise<Ended> =>
  project.longshore(`accessory ${words}`, { env: { DB_PASSWORD: `pass'word $HOME` }, ...options });
const idOf = (where: typeof dal, name: string) =>
  on(where, `docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${name}`);
const ids = async () =>
  (
    await Promise.all(
      [dal, chi].map((one) => on(one, `docker ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.State}}'`)),
    )
  )
    .join('\n')
    .split('\n')
    .toSorted();
/** How often the database has started on this data. */
const boots = () => on(dal, `docker exec small-db cat /data/boots`);

test('boot makes everything in order and healthy; again it does nothing', async () => {
  const boot = await accessory('boot all --json');
  expect(boot, boot.output).toMatchObject({ status: 0 });
  const healthy = boot.events.flatMap((event) =>
    event.type === 'step-ended' && event.step.kind === 'wait-until-healthy' ? [`${event.host} ${event.role}`] : [],
  );
  const where = ['api', 'cache', 'db'].map((name) => `${dal.address} ${name}`);
  expect(healthy.toSorted(), boot.output).toEqual([...where, `${chi.address} cache`, `${chi.address} job`].toSorted());
  const at = (kind: string, type: string, role: string) =>
    boot.events.findIndex(
      (event) => 'step' in event && event.type === type && event.step.kind === kind && event.role === role,
    );
  expect(at('wait-until-healthy', 'step-ended', 'db')).toBeLessThan(at('start-container', 'step-started', 'api'));
  const result = JSON.parse(boot.stdout) as AccessoryResult;
  expect(result.accessories.map(({ healthySeconds }) => typeof healthySeconds)).toEqual(Array(5).fill('number'));

  expect(
    await on(dal, 'docker exec small-db sh -c \'cat /etc/db.conf; stat -c %a /etc/db.conf; echo "$PASSWORD"\''),
  ).toBe(`host ${dal.address}\npassword pass'word $HOME\n600\npass'word $HOME`);
  expect(await on(dal, 'stat -c %a /home/deploy/small-api/state')).toBe('750');
  expect(boot.output).not.toContain(`pass'word`);

  const before = await ids();
  const again = await accessory('boot all');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect(again.output).toContain('db runs already');
  expect(await ids()).toEqual(before);
});

test('details say what runs, healthy and like the file', async () => {
  const details = await accessory('details all --json');
  const { accessories } = JSON.parse(details.stdout) as AccessoryDetailsResult;
  expect(
    accessories.map(({ name, state, differences, leftovers }) => ({ name, state, differences, leftovers })),
  ).toEqual(
    ['db', 'api', 'cache', 'cache', 'job'].map((name) => ({ name, state: 'running', differences: [], leftovers: [] })),
  );
  expect(accessories[0]).toMatchObject({ container: 'small-db', ports: ['127.0.0.1:7001/tcp'] });
  expect(details.output).not.toContain(`pass'word`);
});

test('reboot makes a new container on the same data, and says how long it was down', async () => {
  const [before, count] = [await idOf(dal, 'small-db'), await boots()];
  const reboot = await accessory('reboot db');
  expect(reboot, reboot.output).toMatchObject({ status: 0 });
  expect(await idOf(dal, 'small-db')).not.toBe(before);
  expect(await boots()).toBe(`${count}\nboot of 1`);
  expect(reboot.output).toMatch(/db keeps .*small-db-data/);
  expect(reboot.output).toMatch(/db .* healthy after \d+\.\d s +down for \d+\.\d s/);
  expect(await allNamed(dal, 'small-db')).toEqual(['small-db']);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('upgrade applies a new image and a new file, one container after the other, and then nothing', async () => {
  project.commit('Upgraded', {
    'config/deploy.yml': (text) => text.replaceAll(images.one, images.two),
    'config/db.conf.erb': (text) => `${text}new line\n`,
  });
  const upgrade = await accessory('upgrade all');
  expect(upgrade, upgrade.output).toMatchObject({ status: 0 });
  expect((await boots()).split('\n').at(-1)).toBe('boot of 2');
  expect(await on(dal, 'docker exec small-db cat /etc/db.conf')).toContain('new line');
  const before = await ids();
  expect(before.filter((line) => /_(?:next|replaced)_/.test(line))).toEqual([]);
  const again = await accessory('upgrade all');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect(again.stdout).toContain('Nothing to do.');
  expect(await ids()).toEqual(before);
});

test('a new image that never gets healthy: without data the old one comes back, with data a person decides', async () => {
  const before = await ids();
  const count = await boots();
  project.commit('Broken', { 'config/deploy.yml': (text) => text.replaceAll(images.two, images.broken) });
  const cache = await accessory(`upgrade cache`);
  expect(cache, cache.output).toMatchObject({ status: 5 });
  const names = (lines: string[]) => lines.map((line) => line.replace(/ (?:created|exited) *$/, ''));
  expect(names(await ids())).toEqual(names(before));

  const db = await accessory('upgrade db');
  expect(db, db.output).toMatchObject({ status: 6 });
  expect(await on(dal, `docker ps --filter name=small-db --format '{{.Names}}'`)).toBe('');
  expect((await allNamed(dal, 'small-db')).length).toBe(2);
  const commands = db.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('ssh '));
  expect(commands.length).toBe(2);
  for (const command of commands) await typed(command);
  expect((await boots()).startsWith(count)).toBe(true);
  expect((await boots()).split('\n').at(-1)).toBe('boot of 2');
  await on(dal, 'docker rm $(docker ps -aq --filter name=small-db_failed_)');
  project.commit('Mended', { 'config/deploy.yml': (text) => text.replaceAll(images.broken, images.two) });
});

test.each(['create-container', 'start-container', 'remove-container'])(
  'a reboot that is killed at %s is finished by the next',
  async (kind) => {
    const killed = await accessory('reboot db --json', {
      onEvent: (event: Ended['events'][number], child: { kill(signal: string): void }) => {
        if (event.type === 'step-started' && event.step.kind === kind) child.kill('SIGKILL');
      },
    });
    expect(killed.status).toBe(137);
    await on(dal, `cd /home/deploy/.kamal/lock-small && sed -i '3s/.*/1/' longshore-lease`);
    const again = await accessory('reboot db');
    expect(again, again.output).toMatchObject({ status: 0 });
    expect(await on(dal, `docker ps -a --filter label=service=small-db --format '{{.Names}} {{.State}}'`)).toBe(
      'small-db running',
    );
    expect((await boots()).split('\n')[0]).toBe('boot of 1');
  },
);

test('stop, start and restart keep the container', async () => {
  const container = () => on(dal, `docker inspect --format '{{.Id}} {{.State.Running}}' small-api`);
  const [id] = (await container()).split(' ');
  expect(await accessory('stop api')).toMatchObject({ status: 0 });
  expect(await container()).toBe(`${id} false`);
  expect(await accessory('start all')).toMatchObject({ status: 0 });
  expect(await container()).toBe(`${id} true`);
  const restart = await accessory('restart api');
  expect(restart, restart.output).toMatchObject({ status: 0 });
  expect(restart.output).toMatch(/api .* down for \d+\.\d s/);
  expect(await container()).toBe(`${id} true`);
});

test('a name, a port or an open port that is not to be had is refused before anything begins', async () => {
  const loose = (more: string) =>
    project.commit('Loose', { 'config/deploy.yml': (text) => text.replace(/  loose:[^]*/, '') + looseAccessory(more) });
  await on(
    dal,
    `docker run -d --name stranger -p 7005:7005 --label service=other ${images.two} sleep 999 && docker create --name small-loose ${images.two}`,
  );
  loose('port: 127.0.0.1:7005:7005');
  const before = await ids();
  const taken = await accessory('boot loose');
  expect(taken, taken.output).toMatchObject({ status: 3 });
  expect(taken.stderr).toMatch(
    /loose of config\/deploy.yml wants the name small-loose, which the container small-loose has/,
  );
  await on(dal, 'docker rm small-loose');
  const port = await accessory('boot loose');
  expect(port, port.output).toMatchObject({ status: 3 });
  expect(port.stderr).toMatch(
    /loose of config\/deploy.yml wants the port 127.0.0.1:7005:7005, which stranger \(service other\) has/,
  );
  await on(dal, 'docker rm -f stranger');

  loose('port: 7006:7006');
  const open = await accessory('boot loose');
  expect(open, open.output).toMatchObject({ status: 2 });
  for (const way of ['127.0.0.1:7006:7006', '100.64.0.1:7006:7006', '0.0.0.0:7006:7006'])
    expect(open.stderr).toContain(way);
  expect(await ids()).toEqual(before.filter((line) => !/^(?:stranger|small-loose) /.test(line)));
});

test('a volume without a name is left behind only when that is said; remove takes all away', async () => {
  project.commit('Closed', {
    'config/deploy.yml': (text) => text.replace('port: 7006:7006', 'port: 127.0.0.1:7006:7006'),
  });
  expect(await accessory('boot loose')).toMatchObject({ status: 0 });
  const volume = await on(
    dal,
    `docker inspect --format '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{end}}{{end}}' small-loose`,
  );
  const refused = await accessory('reboot loose');
  expect(refused, refused.output).toMatchObject({ status: 2 });
  expect(refused.stderr).toContain(`--discard ${volume.slice(0, 12)}`);
  const discarded = await accessory(`reboot loose --discard ${volume.slice(0, 12)}`);
  expect(discarded, discarded.output).toMatchObject({ status: 0 });
  expect(await on(dal, 'docker volume ls -q')).toContain(volume);

  expect(await accessory('remove loose')).toMatchObject({ status: 2 });
  expect(await allNamed(dal, 'small-loose')).toEqual(['small-loose']);
  const removed = await accessory('remove loose -y');
  expect(removed, removed.output).toMatchObject({ status: 0 });
  expect(await allNamed(dal, 'small-loose')).toEqual([]);
  expect(await on(dal, 'ls /home/deploy')).not.toContain('small-loose');
});
