import { currentOf, differencesOf, meet, type Met } from '../../plan/accessories/current.ts';
import { whyNotStarted } from '../../containers/not-started.ts';
import { fateOf } from '../../plan/accessories/fate.ts';
import { tagsSeen } from '../../plan/accessories/moved.ts';
import type { AccessoryDetailsResult } from '../../report/results.ts';
import { withFleet } from '../connecting.ts';
import type { Run } from '../run.ts';
import { openSession } from '../session.ts';
import { digestsOf, readFiles } from './files.ts';
import { askRegistries } from './registry.ts';
import { wantedIn } from './wanted.ts';

/** What is there of these accessories, and how it differs from the file; changes nothing. @throws Failure */
export async function accessoryDetails(run: Run, names: readonly string[]): Promise<AccessoryDetailsResult> {
  const session = await openSession(run, {
    changes: 'nothing',
    hooks: [],
    needs: ['accessories', 'accessory-routes'],
    wishes: ['registries'],
    accessories: names,
  });
  const { config, selected } = session;
  const wanted = wantedIn(session);
  const digests = digestsOf(await readFiles(session, wanted));
  const [observed, answers] = await withFleet(
    { ...session, hooks: new Set() },
    '',
    (fleet) =>
      Promise.all([fleet.observe({ accessories: { wanted, digests } }), askRegistries(session, fleet, wanted)]),
    { hosts: selected.accessoryHosts },
  );
  const all = meet(wanted, observed);
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    accessories: all.map(detailsOf),
    tags: tagsSeen(all, answers),
  };
}

function detailsOf(met: Met): AccessoryDetailsResult['accessories'][number] {
  const { wanted, observed, host } = met;
  const { container } = observed;
  const current = currentOf(met);
  return {
    name: wanted.accessory.name,
    host: wanted.host,
    container: wanted.spec.name,
    image: container?.madeFrom ?? current?.image ?? wanted.spec.image,
    state: container?.state ?? 'missing',
    status: container?.status ?? 'there is no container',
    ...(container?.health === undefined ? {} : { health: container.health }),
    ...(container?.error === undefined
      ? {}
      : { error: container.error, why: whyNotStarted(container.error, host.addresses) }),
    ports: [...new Set((current?.ports ?? []).map(({ address, port, protocol }) => `${address}:${port}/${protocol}`))],
    mounts: (current?.mounts ?? []).map(({ name, source, destination }) => `${name ?? source}:${destination}`),
    differences: differencesOf(met),
    unseen: observed.files.flatMap(({ path, isUnseen }) => (isUnseen === true ? [path] : [])),
    leftovers: observed.leftovers.filter(({ id }) => id !== current?.id).map(({ name }) => name),
    data: fateOf(met),
  };
}
