import { basename } from 'node:path';
import { abbreviateVersion } from '../build/version.ts';
import { commandOf } from '../containers/command.ts';
import { withoutPasswords } from '../config/sheet.ts';
import type { AssetSync } from '../hosts/host.ts';
import type { Step, StepKind } from './plan.ts';

/** A step in words, without its reason: `pull acme/shop:4be1`. Long versions are cut as Kamal cuts them. */
export function describe(step: StepKind): string {
  switch (step.kind) {
    case 'create-network':
      return `create network ${step.name}`;
    case 'write-env-file':
      return `write ${step.path}${step.variables.length === 0 ? '' : ` (${step.variables.map(({ name }) => name).join(', ')})`}`;
    case 'write-error-pages':
      return `write the error pages of ${shortNames(basename(step.directory))}`;
    case 'write-certificate':
      return `write the certificate ${step.id} for ${basename(step.directory)}`;
    case 'boot-proxy':
      return `run the proxy ${step.spec.image}`;
    case 'start-proxy':
      return 'start the proxy';
    case 'pull-image':
      return `pull ${shortNames(step.image)}`;
    case 'create-container':
      return `create ${shortNames(step.spec.name)}`;
    case 'sync-assets':
      return describeSync(step.sync);
    case 'rename-container':
      return `rename ${shortNames(step.container.name)} to ${shortNames(step.name)}`;
    case 'start-container':
      return `start ${shortNames(step.container.name)}`;
    case 'wait-until-ready':
      return `wait until ${shortNames(step.container.name)} is ready`;
    case 'send-traffic':
      return `send ${step.service} to ${shortNames(step.container.name)} once healthy`;
    case 'wait-until-healthy':
      return `wait until ${shortNames(step.container.name)} is healthy`;
    case 'check-members':
      return `see that ${shortNames(step.name)} runs on ${step.hosts.join(', ')}`;
    case 'make-directory':
      return `make directory ${step.path}`;
    case 'upload-file':
      return `write ${step.path} from ${step.local}${step.place === undefined ? '' : ', beside its place'}`;
    case 'swap-file':
      return {
        in: `put the new ${step.path} in its place`,
        back: `put ${step.path} back`,
        end: `drop the ${step.path} of before`,
        drop: `drop the ${step.path} that waits beside its place`,
      }[step.way];
    case 'run-command':
      return `run ${step.name}`;
    case 'remove-route':
      return `take the route ${step.service} away`;
    case 'smoke-request':
      return `ask ${shortNames(step.container.name)} for ${step.scheme}://${step.host ?? 'localhost'}${step.path}`;
    case 'smoke-command':
      return `run ${withoutPasswords(step.words.join(' '))} in ${shortNames(step.container.name)}`;
    case 'check-running':
      return `see that ${shortNames(step.container.name)} still runs`;
    case 'watch-container':
      return `watch over ${shortNames(step.container.name)}`;
    case 'end-watch':
      return `no longer watch over ${shortNames(step.container.name)}`;
    case 'quiet-container':
      return `quiet ${shortNames(step.container.name)} by ${step.by.kind === 'signal' ? step.by.signal : withoutPasswords(step.by.words.join(' '))}`;
    case 'wait-until-drained':
      return `wait until ${shortNames(step.container.name)} is drained, ${step.drained.timeoutSeconds} s at most`;
    case 'wake-container':
      return `put ${shortNames(step.container.name)} back to work`;
    case 'stop-container':
      return `stop ${shortNames(step.container.name)}`;
    case 'set-restart-policy':
      return `set the restart policy of ${shortNames(step.container.name)} to ${step.policy}`;
    case 'remove-container':
      return `remove ${shortNames(step.container.name)}`;
    case 'tag-image':
      return `tag ${shortNames(step.image)} as ${step.tag}`;
    case 'remove-image':
      return `remove image ${shortNames(step.image)}`;
    case 'check-space':
      return `see that ${Math.round(step.bytes / 1024 / 1024)} MB are free`;
    case 'remove-directories':
      return `remove ${step.paths.map(shortNames).join(', ')}`;
    case 'run-release':
      return `run ${commandOf(step.spec)} once, in ${shortNames(step.spec.name)}`;
    case 'note-release':
      return `note how ${shortNames(step.container.name)} ended`;
    case 'wait-until-ended':
      return `wait until ${shortNames(step.container.name)} has ended`;
    case 'run-hook':
      return `run hook ${step.hook}`;
    case 'note-run':
      return `note that ${step.run.command} of ${abbreviateVersion(step.run.version)} is under way`;
    case 'end-run':
      return 'take the note of the run away';
    case 'note-left-out':
      return step.leftOut.length === 0
        ? 'note that no machine is left out any more'
        : `note that ${step.leftOut.map(({ host }) => host).join(', ')} was left out`;
    case 'wait':
      return `wait ${step.seconds} s`;
    case 'record-release':
      return `record ${abbreviateVersion(step.record.version)} as ${step.record.outcome}`;
    case 'audit':
      return `write ${step.entries.length} audit line${step.entries.length === 1 ? '' : 's'}`;
    default:
      return step satisfies never;
  }
}

function describeSync({ path, own, others }: AssetSync): string {
  const names = others.map(({ name }) => shortNames(name)).join(', ');
  if (names === '') return `take ${path} of ${shortNames(own.name)} out of its image`;
  return `share ${path} of ${shortNames(own.name)} with ${names}`;
}

/** A step with its reason, as `plan` prints it. */
export function describeWithReason(step: Step): string {
  return `${describe(step)} (${reasonOf(step)})`;
}

/** Why the step is there, long versions cut as in `describe`. */
export function reasonOf(step: Step): string {
  return shortNames(step.because);
}

/** Full git hashes cut to seven digits. */
export function shortNames(text: string): string {
  return text.replace(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, '$1').replace(/sha256:([0-9a-f]{12})[0-9a-f]*/g, 'sha256:$1');
}
