import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyOfAccessories, images, program, pushImages } from './accessories.ts';
import { type Ended, makeProject, type Project, type TimedEvent } from './harness.ts';
import { databaseKeys } from './kamal-layout.ts';
import { dal, emptyMachines, lockIsHeld, on } from './machines.ts';
import { type Relay, startRelays, throughRelays } from './relay.ts';

/** `accessory boot`, cut off at each of its steps in three ways, and typed again. */

let project: Project;
let relay: Relay;
/** What there is after a boot that nobody disturbed, and the kinds of its steps in order. */
let whole: { readonly place: string; readonly kinds: readonly string[] };

beforeAll(async () => {
  await Promise.all([emptyMachines(dal).then(() => emptyOfAccessories(dal)), pushImages()]);
  const [first] = await startRelays(dal);
  if (first === undefined) throw new Error('no relay');
  relay = first;
  const { 'config/deploy.yml': withRelay, ...files } = throughRelays([relay]);
  project = makeProject('test/apps/small', {
    ...files,
    'config/deploy.yml': (text) =>
      (typeof withRelay === 'function' ? withRelay(text) : text).replace('      - 100.64.77.12\n', '') +
      databaseKeys(images.one),
    'config/service.js': program,
    '.kamal/secrets': (text) => `${text}\nDB_PASSWORD=$DB_PASSWORD\n`,
  });
  const boot = await accessoryBoot();
  expect(boot, boot.output).toMatchObject({ status: 0 });
  const kinds = boot.events.flatMap((event) => (event.type === 'step-started' ? [event.step.kind] : []));
  whole = { place: await place(), kinds: [...new Set(kinds)] };
});

afterAll(() => {
  relay.stop();
  project.remove();
});

function accessoryBoot(onEvent?: (event: TimedEvent, child: ChildProcess) => void): Promise<Ended> {
  return project.longshore('accessory boot db --json', {
    env: { DB_PASSWORD: 'pass word' },
    ...(onEvent === undefined ? {} : { onEvent }),
  });
}

/** Everything a boot makes, but for what no two boots have alike. */
async function place(): Promise<string> {
  const [containers, files, answers] = await Promise.all([
    on(
      dal,
      `docker ps -aq | xargs -r docker inspect --format '{{.Name}} {{.State.Status}} {{.Image}} {{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.Labels}} {{json .HostConfig}}'`,
    ),
    on(dal, `cd /home/deploy && find small-db .kamal/apps -not -path '*/data/*' -printf '%p %m %u %s\\n' | sort`),
    on(
      dal,
      `docker exec small-db node -e 'fetch("http://127.0.0.1:7001/up").then((answer) => console.log(answer.status))'`,
    ),
  ]);
  return `${containers}\n${files}\n${answers}`;
}

/** As before the first boot. */
async function forget(): Promise<void> {
  await on(
    dal,
    `docker ps -aq | xargs -r docker rm -fv >/dev/null; docker network rm kamal >/dev/null 2>&1; docker rmi ${images.one} >/dev/null 2>&1; rm -rf /home/deploy/small-db /home/deploy/.kamal`,
  );
}

const ways: Readonly<Record<string, { strike(child: ChildProcess): unknown; statuses: readonly number[] }>> = {
  'kill -9': { strike: (child) => child.kill('SIGKILL'), statuses: [137] },
  'Ctrl-C': { strike: (child) => child.kill('SIGINT'), statuses: [130, 0] },
  'a cut connection': { strike: () => relay.cut(), statuses: [0, 3, 5, 6] },
};

test('a whole boot is one of many steps', () => {
  expect(whole.kinds).toEqual(
    expect.arrayContaining(
      'create-network pull-image make-directory write-env-file create-container upload-file start-container wait-until-healthy audit'.split(
        ' ',
      ),
    ),
  );
});

test.each(Object.keys(ways))('after %s at any of its steps, the same command ends in the same place', async (name) => {
  const { strike, statuses } = ways[name] ?? { strike: () => undefined, statuses: [] };
  for (const kind of whole.kinds) {
    const where = `${name} at ${kind}`;
    await forget();
    let struck = false;
    const cut = await accessoryBoot((event, child) => {
      if (struck || event.type !== 'step-started' || event.step.kind !== kind) return;
      struck = true;
      strike(child);
    });
    expect(struck, `${where} never came:\n${cut.output}`).toBe(true);
    expect(statuses, `${where}: ${cut.output}`).toContain(cut.status);
    // The story waits for a dead run's lease; here it is made old.
    await on(dal, `cd /home/deploy/.kamal/lock-small 2>/dev/null && sed -i '3s/.*/1/' longshore-lease || true`);
    const again = await accessoryBoot();
    expect(again, `${where}: ${again.output}`).toMatchObject({ status: 0 });
    expect(await place(), where).toEqual(whole.place);
    expect(await lockIsHeld(dal, 'small'), where).toBe(false);
  }
});
