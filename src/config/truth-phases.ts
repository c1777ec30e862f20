import type { Config } from './config.ts';
import type { SmokeCheck } from './config-phases.ts';
import { withoutPasswords } from './sheet.ts';
import type { Put } from './truth-shown.ts';

/** What a deploy does besides swapping. */
export function addPhases({ release }: Config, put: Put): void {
  if (release === undefined) return;
  put(['release', 'role'], release.role);
  put(['release', 'cmd'], release.words.map(withoutPasswords));
  put(['release', 'timeout'], release.timeoutSeconds);
  put(['release', 'approve'], release.approve.length === 0 ? undefined : release.approve);
  put(['release', 'irreversible'], release.irreversible);
}

/** `GET www.example.com/login: 200` */
export function smokeText(check: SmokeCheck): string {
  if (check.kind === 'command') return `${check.words.map(withoutPasswords).join(' ')}, in ${check.timeoutSeconds} s`;
  return `GET ${check.host ?? ''}${check.path}: ${check.status ?? '200 to 299'}, in ${check.timeoutSeconds} s`;
}
