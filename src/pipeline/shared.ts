import { Failure } from '../errors.ts';
import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import { sharedChanges } from '../plan/shared.ts';
import type { Session } from './session.ts';
import { typedWith } from './way-on.ts';

/** Others may be waiting for the lock. */
const answerSeconds = 45;

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
    if (run.confirmed !== true && !(await isAgreed(run, `${text}. Go on?`))) {
      throw new Failure('shared-not-agreed', `Nobody said yes to this: ${text}`, {
        hint: `Nothing was changed. Say it beforehand: \`${typedWith(session, ['-y'])}\`.`,
      });
    }
    agreed.add(text);
    run.emit({ type: 'note', text });
  }
}

async function isAgreed({ confirm }: Session['run'], question: string): Promise<boolean> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), answerSeconds * 1000);
  return Promise.resolve(confirm?.(question, limit.signal) ?? false).finally(() => clearTimeout(timer));
}
