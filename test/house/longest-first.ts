import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute and more, so that none of them is begun when everything else has ended. */
const longest = /\/(disconnected|stopped|killed|accessories|cut-back|cut-forward|heatwave[-a-z]*)\./;

/** The longest files first, the others as vitest would. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => longest.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
