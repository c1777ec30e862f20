import { describeTags } from '../plan/accessories/moved.ts';
import { shortNames } from '../plan/describe.ts';
import { noColours, type Paint } from './paint.ts';
import type { AccessoryDetailsResult, AccessoryResult } from './results.ts';
import { table } from './table.ts';

/** What was done to accessories, and how long each was away. */
export function renderAccessories(result: AccessoryResult, paint: Paint = noColours): string {
  if (!result.changed) return 'Nothing to do.';
  return [...table(timingRows(result.accessories)), '', paint.green(`Done in ${seconds(result.seconds)}.`)].join('\n');
}

/** How long each took to be healthy, and was away. */
export function timingRows(
  accessories: readonly Pick<
    AccessoryResult['accessories'][number],
    'name' | 'host' | 'downSeconds' | 'healthySeconds'
  >[],
): string[][] {
  return accessories.map(({ name, host, downSeconds, healthySeconds }) => [
    name,
    host,
    healthySeconds === undefined ? '' : `healthy after ${seconds(healthySeconds)}`,
    downSeconds === undefined ? '' : `down for ${seconds(downSeconds)}`,
  ]);
}

/** What runs where, on which port, and what is unlike the file. */
export function renderAccessoryDetails(
  { accessories, tags, destination }: AccessoryDetailsResult,
  paint: Paint = noColours,
): string {
  const header = ['ACCESSORY', 'HOST', 'STATE', 'IMAGE', 'PORTS'].map((cell) => paint.dim(cell));
  const rows = accessories.map(({ name, host, state, status, image, ports }) => [
    name,
    host,
    state === 'running' ? paint.green(status) : paint.red(status),
    shortNames(image),
    ports.join(' '),
  ]);
  const remarks = accessories.flatMap(({ name, host, differences, unseen, leftovers, why, data }) => [
    ...(why === undefined ? [] : [`${host}: ${name} does not run: ${why}`]),
    ...(differences.length === 0 ? [] : [`${host}: ${name} is unlike the file: ${differences.join(', ')}`]),
    ...(unseen.length === 0
      ? []
      : [
          `${host}: whether ${unseen.join(', ')} of ${name} is as the file says is not known: this login may not look there`,
        ]),
    ...leftovers.map((one) => `${host}: ${one} was left by a run that was cut off`),
    `${host}: ${data}`,
  ]);
  return [...table([header, ...rows]), '', ...remarks, ...describeTags(tags, destination)].join('\n');
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
