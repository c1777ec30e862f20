import { Failure } from '../errors.ts';
import { describeWaiting } from '../plan/accessories/waiting.ts';
import type { Plan } from '../plan/plan.ts';
import { wayBack } from './accessories/held.ts';
import type { Session } from './session.ts';

/** No role starts while an accessory it depends on is down. @throws Failure `accessory-down` */
export function refuseWaiting({ typed, config }: Pick<Session, 'typed' | 'config'>, { waiting = [] }: Plan): void {
  const [first, ...others] = waiting;
  if (first === undefined) return;
  const all = waiting.flatMap(({ command, held }) => (held === undefined ? [typed(command)] : wayBack(config, held)));
  const commands = [...new Set(all.map((command) => `\`${command}\``))];
  throw new Failure(
    'accessory-down',
    others.length === 0 ? describeWaiting(first) : 'Accessories that roles depend on are down',
    {
      details: others.length === 0 ? [] : waiting.map(describeWaiting),
      hint: `Nothing was changed. Type: ${commands.join(', ')}`,
    },
  );
}
