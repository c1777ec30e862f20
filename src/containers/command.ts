import { withoutPasswords } from '../config/sheet.ts';
import type { ContainerSpec } from './spec.ts';

/** What is run, without passwords that stand in it. */
export function commandOf({ cmd = [] }: Pick<ContainerSpec, 'cmd'>): string {
  return withoutPasswords(cmd.join(' '));
}
