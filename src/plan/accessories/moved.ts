import { typed } from '../typed.ts';
import { currentOf, type Met } from './current.ts';

/** A tag of the file that by now names another image than the one an accessory's container runs. That is no difference from the file. */
export interface MovedTag {
  readonly name: string;
  readonly host: string;
  readonly image: string;
  readonly because: string;
}

/** What is known of tags, apart from the differences. */
export interface TagsSeen {
  readonly moved: readonly MovedTag[];
  /** Those about which nobody knows. */
  readonly notAsked: readonly MovedTag[];
}

/** What the registry has for a tag, or why it was not asked. */
export type TagAnswer = { readonly digest: string } | { readonly problem: string };

/** Why a new container would run another image by the same name: it was pulled since; undefined when it would not. */
export function movedHere({ wanted, observed: { container, image } }: Met): string | undefined {
  if (container === undefined || image === undefined || image.id === container.imageId) return undefined;
  return container.madeFrom === wanted.spec.image ? 'this machine has another image by that name' : undefined;
}

/** @param answers by host and image, as `answerKey` puts them; those that are missing were not to be asked */
export function tagsSeen(all: readonly Met[], answers: ReadonlyMap<string, TagAnswer>): TagsSeen {
  const seen = all.flatMap((met) => {
    const { host, accessory, spec } = met.wanted;
    const about = { name: accessory.name, host, image: spec.image };
    const verdict = verdictOn(met, answers.get(answerKey(host, spec.image)));
    return verdict === undefined ? [] : [{ about, ...verdict }];
  });
  return {
    moved: seen.flatMap(({ about, moved }) => (moved === undefined ? [] : [{ ...about, because: moved }])),
    notAsked: seen.flatMap(({ about, problem }) => (problem === undefined ? [] : [{ ...about, because: problem }])),
  };
}

export function answerKey(host: string, image: string): string {
  return `${host} ${image}`;
}

function verdictOn(
  met: Met,
  answer: TagAnswer | undefined,
): { moved?: string | undefined; problem?: string } | undefined {
  const { container } = met.observed;
  // One whose image the file calls otherwise differs from the file, whatever its tag names.
  if (container === undefined || container.madeFrom !== met.wanted.spec.image) return undefined;
  const here = movedHere(met);
  if (here !== undefined || answer === undefined) return { moved: here };
  if ('problem' in answer) return { problem: answer.problem };
  const runs = met.host.images.find(({ id }) => id === currentOf(met)?.imageId);
  if (runs === undefined || runs.digests.length === 0) return { problem: 'its image here was not pulled from there' };
  const isSame = runs.digests.some((digest) => digest.endsWith(`@${answer.digest}`));
  return isSame ? undefined : { moved: `the registry has ${answer.digest} by now` };
}

/** Tags that moved, and those about which nobody knows, a line each. */
export function describeTags({ moved, notAsked }: TagsSeen, destination: string | undefined): string[] {
  const unasked = notAsked.map(
    ({ name, host, image, because }) => `${host}: whether ${image} of ${name} moved is not known: ${because}`,
  );
  return [
    ...moved.map(
      ({ name, host, image, because }) =>
        `${host}: ${image} of ${name} moved: ${because}; only \`${typed(`accessory upgrade ${name}`, destination)}\` applies it`,
    ),
    ...new Set(unasked),
  ];
}
