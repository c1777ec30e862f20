import type { Event } from '../../src/execute/events.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';

const startWeb: Step = { kind: 'start-container', container: { name: 'shop-web-4be1' }, because: 'it is not running' };
const pull: Step = { kind: 'pull-image', image: 'acme/shop:4be1', because: 'not on this host' };
const stopWeb: Step = { kind: 'stop-container', container: { name: 'shop-web-77aa' }, because: 'replaced by 4be1' };
const elsewhere: Step = { kind: 'stop-container', container: { name: 'other' }, because: 'it is in the way' };

export const steps = { startWeb, pull, stopWeb, elsewhere };

/** What stands beside a plan where there is nothing to say. */
export const around = { accessories: [], tags: { moved: [], notAsked: [] }, problems: [], build: [], after: [] };

export const plan: Plan = {
  service: 'shop',
  destination: 'production',
  version: '4be1',
  notes: ["today's settings apply"],
  stages: [
    { name: 'Prepare', lanes: [{ host: 'dal-01', steps: [pull] }] },
    { name: 'Boot web', lanes: [{ host: 'dal-01', role: 'web', steps: [startWeb] }] },
    { name: 'Retire', lanes: [{ host: 'dal-01', role: 'web', steps: [stopWeb] }] },
  ],
};

/** A deploy whose container exits at once. */
export const failedDeploy: readonly Event[] = [
  { type: 'heading', text: 'deploy shop to production (config/deploy.yml) on dal-01' },
  { type: 'task-started', task: 'build' },
  { type: 'task-progress', task: 'build', text: 'RUN npm ci' },
  { type: 'task-ended', task: 'build', seconds: 12.4, outcome: 'done' },
  { type: 'plan-started', title: 'deploy 4be1', plan },
  { type: 'stage-started', stage: 'Prepare' },
  { type: 'step-started', id: 1, host: 'dal-01', step: pull },
  { type: 'step-progress', id: 1, text: '12 of 40 MB' },
  { type: 'output', host: 'dal-01', source: 'pre-deploy', line: 'hello from the hook' },
  { type: 'step-ended', id: 1, host: 'dal-01', step: pull, outcome: 'done', seconds: 0.31 },
  { type: 'stage-started', stage: 'Boot web' },
  { type: 'step-started', id: 2, host: 'dal-01', role: 'web', step: startWeb },
  {
    type: 'step-ended',
    id: 2,
    host: 'dal-01',
    role: 'web',
    step: startWeb,
    outcome: 'failed',
    seconds: 1.02,
    message: 'exited with 1',
  },
  { type: 'plan-ended', title: 'deploy 4be1', outcome: 'failed', seconds: 1.4 },
  { type: 'step-ended', id: 3, host: 'dal-01', step: elsewhere, outcome: 'done', seconds: 0.2 },
  {
    type: 'diagnosis',
    diagnosis: {
      host: 'dal-01',
      role: 'web',
      container: 'shop-web-4be1',
      what: 'it exited with 1 a second after its start',
      likelyCause: 'the app crashes at start',
      logLines: ['Error: no DATABASE_URL'],
      probeLines: [],
      next: 'longshore deploy production',
    },
  },
  { type: 'warning', text: 'pruning failed on dal-01' },
];

/** A stream that keeps what is written. */
export function paper(): { stream: NodeJS.WriteStream; text: () => string } {
  let text = '';
  const stream = {
    columns: 100,
    rows: 30,
    isTTY: true,
    write: (chunk: string) => {
      text += chunk;
      return true;
    },
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}
