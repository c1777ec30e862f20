import { Failure, messageOf } from '../errors.ts';

/** One failure of many machines; a bug among them is thrown as it is. */
export function together(problems: readonly unknown[], conclusion?: string, heading = 'machines are not ready'): Error {
  const bug = problems.find((problem) => !(problem instanceof Failure));
  if (bug !== undefined) return bug instanceof Error ? bug : new Error(messageOf(bug));
  const failures = problems as Failure[];
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) return first;
  return new Failure('hosts-not-ready', `${failures.length} ${heading}`, {
    details: failures.flatMap(({ message, hint, details }) => [
      message,
      ...details,
      ...(hint === undefined ? [] : [`  → ${hint}`]),
    ]),
    ...(conclusion === undefined ? {} : { hint: conclusion }),
  });
}
