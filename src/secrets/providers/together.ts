import { setImmediate } from 'node:timers/promises';
import { Failure } from '../../errors.ts';

/**
 * A function that finds one thing by name. Names that are asked for at the same time are looked up together, and each only once;
 * what is wrong with one name is its answer, and what `lookUp` throws concerns all it was asked for.
 */
export function together<Found>(
  lookUp: (names: readonly string[]) => Promise<ReadonlyMap<string, Found | Failure>>,
): (name: string) => Promise<Found> {
  const known = new Map<string, Promise<Found>>();
  let batch: { readonly names: string[]; readonly answers: Promise<ReadonlyMap<string, Found | Failure>> } | undefined;
  /** Gathers until everything that can start has started. */
  const startBatch = () => {
    const names: string[] = [];
    const answers = setImmediate().then(() => {
      batch = undefined;
      return lookUp(names);
    });
    return { names, answers };
  };
  const find = async (name: string): Promise<Found> => {
    batch ??= startBatch();
    batch.names.push(name);
    const answer = (await batch.answers).get(name);
    if (answer === undefined) throw new Failure('secret-not-found', `there was no answer for ${name}`);
    if (answer instanceof Failure) throw answer;
    return answer;
  };
  return (name) => {
    const one = known.get(name) ?? find(name);
    known.set(name, one);
    return one;
  };
}
