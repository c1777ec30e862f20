import { dal } from '../e2e/machines.ts';
import { step } from '../e2e/moments.ts';
import {
  after,
  clockAhead,
  diskFull,
  disconnected,
  engineRestarted,
  fromTheStart,
  frozen,
  interrupted,
  killed,
  nothing,
  proxyKilled,
  registryAnswers,
  stopped,
} from './faults.ts';
import { type Case, playCases } from './play.ts';

const pull = step('inside the pull', 'step-started', 'pull-image', dal);
const release = step('inside the release', 'step-started', 'run-release', dal);
const health = step('inside the health wait', 'step-started', 'send-traffic', dal, 'web');
const drain = step('inside the drain', 'step-started', 'send-traffic', dal, 'web');
const stop = step('inside the stop', 'step-started', 'stop-container', dal, 'web');
const between = step('between two steps', 'step-ended', 'create-container', dal, 'web');

/** Faults of the run and of a machine, inside what takes a while. A switch is under way for about a second, and drains for some more. */
const inside: readonly Case[] = [pull, release, health, stop].flatMap((moment) =>
  [killed, interrupted, disconnected, engineRestarted].map((fault) => [fault, moment] as const),
);

playCases('inside what takes a while, and what befalls machines', () => [
  ...inside,
  ...[killed, interrupted, disconnected, engineRestarted].map((fault) => [after(1500, fault), drain] as const),
  ...[release, health, between, stop].map((moment) => [stopped, moment] as const),
  [after(1500, stopped), drain],
  ...[pull, release, health, stop].map((moment) => [frozen, moment] as const),
  [after(300, proxyKilled), health],
  [diskFull, fromTheStart],
  ...([401, 429, 'half'] as const).map((how) => [registryAnswers(how), fromTheStart] as const),
  [clockAhead(nothing), fromTheStart],
]);
