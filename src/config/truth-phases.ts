import type { SmokeCheck } from './config-phases.ts';
import { withoutPasswords } from './sheet.ts';

/** `GET www.example.com/login: 200` */
export function smokeText(check: SmokeCheck): string {
  if (check.kind === 'command') return `${check.words.map(withoutPasswords).join(' ')}, in ${check.timeoutSeconds} s`;
  return `GET ${check.host ?? ''}${check.path}: ${check.status ?? '200 to 299'}, in ${check.timeoutSeconds} s`;
}
