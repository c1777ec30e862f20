import type { Config } from '../../config/config.ts';
import type { Plan } from '../plan.ts';
import { stage } from '../prepare.ts';
import { planOf } from './boot.ts';
import type { Met } from './current.ts';
import { answerKey, type TagAnswer } from './moved.ts';

/** Pulls what a tag names by now, so that what is replaced is decided with it there. @param answers of registries, by `answerKey` */
export function planAccessoryPulls(config: Config, all: readonly Met[], answers: ReadonlyMap<string, TagAnswer>): Plan {
  const pulls = new Map(
    all.flatMap((met) => {
      const { host, spec } = met.wanted;
      const key = answerKey(host, spec.image);
      const because = whyPulled(met, answers.get(key));
      if (because === undefined) return [];
      return [[key, { host, steps: [{ kind: 'pull-image' as const, image: spec.image, because }] }]];
    }),
  );
  return planOf(config, stage('Pull', [...pulls.values()]), []);
}

/** @param answer what the registry said; absent when it is not asked, as the name is a digest's and cannot move */
export function whyPulled({ host, observed: { image } }: Met, answer: TagAnswer | undefined): string | undefined {
  if (image === undefined) return 'not on this host';
  if (answer === undefined) return undefined;
  if ('problem' in answer) return `whether its tag moved is not known: ${answer.problem}`;
  const { digests = [] } = host.images.find(({ id }) => id === image.id) ?? {};
  const isSame = digests.some((digest) => digest.endsWith(`@${answer.digest}`));
  return isSame ? undefined : `the registry has ${answer.digest} by now`;
}
