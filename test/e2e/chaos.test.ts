import { after, diskFull, engineRestarted, fromTheStart, killed, stopped } from '../chaos/faults.ts';
import { playCases } from '../chaos/play.ts';
import { dal } from './machines.ts';
import { step } from './moments.ts';

/** A part of `npm run chaos`; docs/chaos.md has all of it. */

const release = step('inside the release', 'step-started', 'run-release', dal);
const between = step('between two steps', 'step-ended', 'create-container', dal, 'web');
const stop = step('inside the stop', 'step-started', 'stop-container', dal, 'web');

playCases('a part of it', () => [
  [stopped, between],
  [after(1500, killed), release],
  [engineRestarted, stop],
  [diskFull, fromTheStart],
]);
