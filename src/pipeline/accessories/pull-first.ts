import { meet, type Met } from '../../plan/accessories/current.ts';
import { planAccessoryPulls, whyPulled } from '../../plan/accessories/pull.ts';
import { answerKey } from '../../plan/accessories/moved.ts';
import { refuse } from '../refusals.ts';
import { carryOutAccessories, type AccessoryWork } from './carry-out.ts';
import { refuseUnsaid } from './refuse.ts';
import { askRegistries } from './registry.ts';
import type { Story } from './stories.ts';

/**
 * Pulls what the registries have by now, as a plan of its own, since only the image tells what is to be replaced. What is refused anyhow
 * is refused before that. @throws Failure
 */
export async function pullFirst(work: Omit<AccessoryWork, 'check' | 'plan'>, story: Story): Promise<void> {
  const { session, fleet, wanted } = work;
  const { config } = session;
  const answers = await askRegistries(session, fleet, wanted);
  const isMoved = (met: Met) => {
    const answer = answers.get(answerKey(met.wanted.host, met.wanted.spec.image));
    return answer !== undefined && 'digest' in answer && whyPulled(met, answer) !== undefined;
  };
  const replaces = (met: Met) => story.replaces?.(met) === true || isMoved(met);
  await carryOutAccessories({
    ...work,
    async check(observed) {
      refuseUnsaid(session, { ...story, replaces }, observed);
      await refuse(session, fleet, { observed, plans: [story.plan({ config, wanted, observed }, undefined)] });
    },
    plan: (observed) => planAccessoryPulls(config, meet(wanted, observed), answers),
  });
}
