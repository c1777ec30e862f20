import { formerPlace } from '../../accessories/places.ts';
import type { Config } from '../../config/config.ts';
import type { Held } from '../../plan/accessories/held.ts';
import { quote, quoteAll } from '../../processes/quote.ts';
import { sshWords } from '../ssh-words.ts';

/** The two commands that bring the old container back, for a person to type. */
export function wayBack(config: Config, { host, service, old, failed, formers, policies }: Held): string[] {
  const ssh = sshWords(config, host);
  const files = formers.map((path) => `mv ${quoteAll([formerPlace(path), path])}`);
  return [
    `${ssh} docker rename ${failed} ${service}_failed_${failed}`,
    `${ssh} ${quote([`docker rename ${old} ${service}`, again(service, policies.old), files, `docker start ${service}`].flat().join(' && '))}`,
  ];
}

/** Why nothing is done to it before a person has decided, and what may be decided. */
export function whyLeft(config: Config, held: Held): string {
  const { host, name, service, old, policies, because } = held;
  const back = wayBack(config, held).map((command) => `\`${command}\``);
  const words = quote([`docker rm ${old}`, again(service, policies.failed)].flat().join(' && '));
  const forward = `\`${sshWords(config, host)} ${words}\``;
  return `${host}: ${name} is stopped since it was replaced, and a person has to decide: ${because}. ${back.join(' and ')} bring the old one back; ${forward} leaves it behind for good`;
}

/** What is put aside or held is not started by the engine, until it is the one that is used. */
function again(service: string, policy: string): string[] {
  return policy === 'no' ? [] : [`docker update --restart ${quote(policy)} ${service}`];
}
