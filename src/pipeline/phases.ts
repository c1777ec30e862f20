import type { Event } from '../execute/events.ts';
import type { Phase, PhaseTimes } from '../report/phases.ts';
import type { Session } from './session.ts';

/** How long each phase of a run takes: it enters one when told so, or when a stage of that phase starts. */
export interface Phases {
  /** The session to go on with, whose events are heard. */
  readonly session: Session;
  enter(phase: Phase): void;
  /** Since the beginning. */
  seconds(): number;
  /** Of those that were entered, in the order in which they were first. */
  times(): PhaseTimes;
}

/** By the first words of a stage's name; one that is not here belongs to the phase before it. */
const stages: readonly (readonly [string, Phase])[] = [
  ['Prepare', 'pull'],
  ['Create', 'pull'],
  ['pre-', 'hooks'],
  ['post-', 'hooks'],
  ['Release', 'release'],
  ['Wait for a release command', 'release'],
  ['Quiet', 'quiet'],
  ['Boot', 'swap'],
  ['Smoke', 'smoke'],
  ['Retire', 'retire'],
];

export function timePhases(session: Session): Phases {
  const begun = Date.now();
  const spent = new Map<Phase, number>();
  let [current, since]: [Phase, number] = ['preflight', begun];
  const enter = (phase: Phase) => {
    const now = Date.now();
    spent.set(current, (spent.get(current) ?? 0) + now - since);
    [current, since] = [phase, now];
  };
  const hear = (event: Event) => {
    // Those of accessories have stages of their own.
    if (event.type !== 'stage-started' || current === 'accessories') return;
    const phase = stages.find(([words]) => event.stage.startsWith(words))?.[1];
    if (phase !== undefined && phase !== current) enter(phase);
  };
  const emit = (event: Event) => {
    hear(event);
    session.run.emit(event);
  };
  return {
    session: { ...session, run: { ...session.run, emit } },
    enter,
    seconds: () => (Date.now() - begun) / 1000,
    times() {
      enter(current);
      return Object.fromEntries([...spent].map(([phase, milliseconds]) => [phase, milliseconds / 1000]));
    },
  };
}
