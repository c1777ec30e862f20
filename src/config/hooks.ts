import * as z from 'zod';
import type { HookConfig } from './config.ts';
import { chosen, integer, listOf, mapOf, oneOf, section, textList, unknownKey } from './fields.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';

export const hookNames = [
  'docker-setup',
  'pre-connect',
  'pre-build',
  'pre-deploy',
  'pre-app-boot',
  'post-app-boot',
  'post-deploy',
  'deploy-failed',
  'pre-proxy-reboot',
  'post-proxy-reboot',
] as const;

export type HookName = (typeof hookNames)[number];

const place = oneOf(['local', 'hosts']);
type Place = z.output<typeof place>;
const onePlace = place.transform((one) => [one]);
const places = listOf(place).min(1, 'name one place at least');

const hook = section({
  run_on: chosen([onePlace, places], (value): z.ZodType<Place[]> => {
    return Array.isArray(value) ? places : onePlace;
  }).exactOptional(),
  roles: textList.exactOptional(),
  secrets: textList.exactOptional(),
  timeout: integer({ from: 1 }).exactOptional(),
});

/** Longshore's own key: where a hook's script runs, and what it sees there. */
export const hooksSchema = mapOf(hook);

export type WrittenHooks = z.output<typeof hooksSchema>;

export function resolveHooks(
  written: WrittenHooks | undefined,
  roleNames: readonly string[],
  findings: Findings,
): Record<string, HookConfig> {
  const hooks: Record<string, HookConfig> = {};
  for (const [name, { run_on: runOn = ['local' as const], roles = [], secrets, timeout = 600 }] of Object.entries(
    written ?? {},
  )) {
    const path = ['hooks', name];
    if (!isHookName(name)) findings.problemWithKey(path, unknownKey(name, hookNames).replace('key', 'hook'));
    if ((name === 'pre-connect' || name === 'pre-build') && runOn.includes('hosts')) {
      findings.problem(
        [...path, 'run_on'],
        `${name} runs before ${name === 'pre-connect' ? 'any machine is connected' : 'the image is built here'}, so it runs here only`,
      );
    }
    for (const [index, role] of roles.entries()) {
      if (!roleNames.includes(role)) findings.problem([...path, 'roles', index], `there is no role \`${role}\``);
    }
    if (!runOn.includes('hosts') && roles.length > 0) {
      findings.warning(path, '`roles` has no effect on a hook that runs here only; say `run_on: hosts`');
    }
    hooks[name] = present({ runOn: [...new Set(runOn)], roles, secrets, timeoutSeconds: timeout });
  }
  return hooks;
}

function isHookName(name: string): name is HookName {
  return hookNames.some((one) => one === name);
}

const level = oneOf(['quiet', 'verbose']);
const levelForAll = level.transform((one) => Object.fromEntries(hookNames.map((name) => [name, one])));
const levelByHook = mapOf(level);

/** For all hooks, or for each by name. */
export const hooksOutputSchema = chosen(
  [levelForAll, levelByHook],
  (value): z.ZodType<Record<string, 'quiet' | 'verbose'>> => {
    return typeof value === 'string' ? levelForAll : levelByHook;
  },
);

export const hooksSample = `\
# Where hook scripts lie.
hooks_path: .kamal/hooks
# For all hooks or by name: quiet shows what a hook prints only when it fails, or with --verbose. If not said, verbose.
hooks_output:
  pre-build: quiet
# Besides Kamal's hooks there is deploy-failed: it runs, under the lock, whenever a run does not complete after pre-deploy
# began, to take back what that did. It is told KAMAL_COMMAND, LONGSHORE_FAILED_STEP and LONGSHORE_EXIT_STATUS, both empty
# for a run that was killed: then it is the first thing that the next run does.
# Longshore's own (under x-longshore in a file that Kamal reads too): hooks that run on the machines, or see less.
# A hook after which the old version cannot serve any more says so by a line on_failure=hold in the file $LONGSHORE_OUTPUT:
# if the deploy fails then, nothing is brought back.
hooks:
  pre-deploy:
    # hosts, local (if not said), or both: [local, hosts] runs here first.
    run_on: hosts
    # Machines of these roles; if not said, every machine.
    roles: [web]
    # Secrets that the script sees, and no others. If not said: on machines none; here all of them for pre-connect,
    # pre-deploy and post-deploy, as in Kamal, and for deploy-failed; none for the others.
    secrets: [DATABASE_URL]
    # Seconds.
    timeout: 600
`;
