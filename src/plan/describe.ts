import type { Step, StepKind } from './plan.ts';
import { shortVersion } from './decide.ts';

/** A step in words, without its reason: `pull acme/shop:4be1`. Long versions are cut as Kamal cuts them. */
export function describe(step: StepKind): string {
  switch (step.kind) {
    case 'create-network':
      return `create network ${step.name}`;
    case 'write-env-file':
      return `write ${step.path}${step.variables.length === 0 ? '' : ` (${step.variables.map(({ name }) => name).join(', ')})`}`;
    case 'boot-proxy':
      return `run the proxy ${step.spec.image}`;
    case 'start-proxy':
      return 'start the proxy';
    case 'pull-image':
      return `pull ${short(step.image)}`;
    case 'create-container':
      return `create ${short(step.spec.name)}`;
    case 'rename-container':
      return `rename ${short(step.container.name)} to ${short(step.name)}`;
    case 'start-container':
      return `start ${short(step.container.name)}`;
    case 'wait-until-ready':
      return `wait until ${short(step.container.name)} is ready`;
    case 'send-traffic':
      return `send ${step.service} to ${short(step.container.name)} once healthy`;
    case 'remove-route':
      return `take the route ${step.service} away`;
    case 'stop-container':
      return `stop ${short(step.container.name)}`;
    case 'remove-container':
      return `remove ${short(step.container.name)}`;
    case 'tag-image':
      return `tag ${short(step.image)} as ${step.tag}`;
    case 'remove-image':
      return `remove image ${short(step.image)}`;
    case 'run-hook':
      return `run hook ${step.hook}`;
    case 'wait':
      return `wait ${step.seconds} s`;
    case 'record-release':
      return `record ${shortVersion(step.record.version)} as ${step.record.outcome}`;
    case 'audit':
      return `write ${step.entries.length} audit line${step.entries.length === 1 ? '' : 's'}`;
    default:
      return step satisfies never;
  }
}

/** A step with its reason, as `plan` prints it. */
export function describeWithReason(step: Step): string {
  return `${describe(step)} (${step.because})`;
}

/** Full git hashes cut to seven digits. */
function short(text: string): string {
  return text.replace(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, '$1').replace(/sha256:([0-9a-f]{12})[0-9a-f]*/g, 'sha256:$1');
}
