import { Failure } from '../errors.ts';
import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import { sharedChanges } from '../plan/shared.ts';
import type { Session } from './session.ts';
import { typedWith } from './way-on.ts';

/**
 * Asks for a yes, once, where a plan changes what services of others on a machine share, and names them; nothing was changed yet.
 * @throws Failure `shared-not-agreed`
 */
export async function agreeOnShared(
  session: Session,
  { observed, plan }: { observed: Observed; plan: Plan },
): Promise<void> {
  const { run, config, agreed } = session;
  for (const { host, what, others } of sharedChanges(plan, observed, config)) {
    const text = `${host}: ${what}, which ${others.length === 1 ? 'another service shares' : 'others share'}: ${others.join(', ')}`;
    if (agreed.has(text)) continue;
    if (run.confirmed !== true && (await run.confirm?.(`${text}. Go on?`)) !== true) {
      throw new Failure('shared-not-agreed', `Nobody said yes to this: ${text}`, {
        hint: `Nothing was changed. Say it beforehand: \`${typedWith(session, ['-y'])}\`.`,
      });
    }
    agreed.add(text);
    run.emit({ type: 'note', text });
  }
}
