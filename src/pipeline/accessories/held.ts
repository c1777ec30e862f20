import { formerPlace } from '../../accessories/places.ts';
import type { Config } from '../../config/config.ts';
import type { AccessoryDrift } from '../../plan/accessories/drift.ts';
import type { Held } from '../../plan/accessories/held.ts';
import type { Plan } from '../../plan/plan.ts';
import { quote, quoteAll } from '../../processes/quote.ts';
import { sshWords } from '../ssh-words.ts';

/** The two commands that bring the old container back, for a person to type. */
export function wayBack(config: Config, { host, service, old, failed, isDown, formers, policies }: Held): string[] {
  const ssh = sshWords(config, host);
  const down = isDown ? [] : [`docker update --restart no ${failed}`, `docker stop ${failed}`];
  const aside = [...down, `docker rename ${failed} ${service}_failed_${failed}`];
  const files = formers.map((path) => `mv ${quoteAll([formerPlace(path), path])}`);
  const back = [`docker rename ${old} ${service}`, again(service, policies.old), files, `docker start ${service}`];
  return [`${ssh} ${inShell(aside)}`, `${ssh} ${inShell(back.flat())}`];
}

/** What is unlike the file, with the commands for those that are held. */
export function withWaysBack(config: Config, drifts: readonly AccessoryDrift[]): AccessoryDrift[] {
  return drifts.map((one) => (one.held === undefined ? one : { ...one, commands: wayBack(config, one.held) }));
}

/** A plan whose roles wait for accessories that are held, with the same commands. */
export function withWaitingTold(config: Config, plan: Plan): Plan {
  if (plan.waiting === undefined) return plan;
  const waiting = plan.waiting.map((one) =>
    one.held === undefined ? one : { ...one, command: wayBack(config, one.held).join(' && ') },
  );
  return { ...plan, waiting };
}

/** Why nothing is done to it before a person has decided, and what may be decided. */
export function whyLeft(config: Config, held: Held): string {
  const { host, name, service, old, policies, formers, because } = held;
  const back = wayBack(config, held).map((command) => `\`${command}\``);
  const files = formers.length === 0 ? [] : [`rm -rf ${quoteAll(formers.map(formerPlace))}`];
  const words = inShell([`docker rm ${old}`, again(service, policies.failed), files].flat());
  const forward = `\`${sshWords(config, host)} ${words}\``;
  return `${host}: ${name} is as a replacement that failed left it, and a person has to decide: ${because}. ${back.join(' and ')} bring the old one back; ${forward} leaves it behind for good`;
}

/** One after the other by the machine's shell. */
function inShell(commands: readonly string[]): string {
  const [only = ''] = commands;
  return commands.length === 1 ? only : quote(commands.join(' && '));
}

/** What is put aside or held is not started by the engine, until it is the one that is used. */
function again(service: string, policy: string): string[] {
  return policy === 'no' ? [] : [`docker update --restart ${quote(policy)} ${service}`];
}
