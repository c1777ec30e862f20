import type { Config } from '../../config/config.ts';
import type { Step } from '../plan.ts';
import { isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Plan } from '../plan.ts';
import { stage } from '../prepare.ts';
import { lane, planOf } from './boot.ts';
import { meet, type Met } from './current.ts';
import { feltNotes } from './felt.ts';
import { unnamedCertificates } from './route.ts';
import type { StartRequest } from './start.ts';
import { stopSteps } from './start.ts';
import { auditLanes, stopStep } from './steps.ts';

/** What `accessory remove` takes away: containers, image, and the directory with its data; named volumes stay, as in Kamal. */
export function planRemove({ config, wanted, observed }: StartRequest): Plan {
  const all = meet(wanted, observed);
  return planOf(
    config,
    [
      ...stage(
        'Stop',
        all.map((met) => lane(met, stopSteps(met))),
      ),
      ...stage(
        'Remove',
        all.map((met) => lane(met, removeSteps(met, config))),
      ),
      ...stage(
        'Write down',
        auditLanes(config, all, (name) => `Remove ${name} accessory container`),
      ),
    ],
    feltNotes(config, all),
  );
}

function removeSteps(met: Met, config: Config): Step[] {
  const { container, leftovers, image } = met.observed;
  const { service } = met.wanted.accessory;
  const because = 'you asked for it';
  const mine = [...(container === undefined ? [] : [container]), ...leftovers];
  const usedByOthers = met.host.containers.some(
    ({ imageId, id }) => imageId === image?.id && !mine.some((one) => one.id === id),
  );
  return [
    ...mine.flatMap((one): Step[] => [
      ...(isUp(one) && one !== container ? [stopStep(met, one, because)] : []),
      { kind: 'remove-container', container: reference(one), because },
    ]),
    ...(image === undefined || usedByOthers
      ? []
      : [{ kind: 'remove-image', image: met.wanted.spec.image, because } as const]),
    { kind: 'remove-directories', paths: [service, ...unnamedCertificates(met, config, {})], because },
  ];
}
