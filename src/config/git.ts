import type * as z from 'zod';
import { oneOf, section, textList } from './fields.ts';

/** Longshore's own key: what has to be true of the work tree before anything is built or deployed from it. */
export const gitSchema = section({
  require: oneOf(['clean', 'in-sync']).exactOptional(),
  branches: textList.exactOptional(),
});

export type WrittenGit = z.output<typeof gitSchema>;

export const gitSample = `\
# Longshore's own (under x-longshore in a file that Kamal reads too).
git:
  # Checked before anything else by deploy, redeploy, setup and build push; --skip-git-check is for emergencies.
  # clean: nothing in the whole repository differs from the commit; files that git does not track count, ignored ones
  # do not. in-sync: clean, and the commit is the newest of the branch's upstream, after a fetch.
  require: in-sync
  # The branches that may be deployed, checked with it: names, or globs such as release/*. If not said, any. Where no
  # branch is checked out, as in many a CI job, the commit has to be the newest of one of them.
  branches: [main]
`;
