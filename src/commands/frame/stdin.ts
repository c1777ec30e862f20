import { text } from 'node:stream/consumers';
import { Failure } from '../../errors.ts';

/** All that is handed over on standard input. Throws `usage` when that is a terminal, where nobody expects to type it. */
export async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new Failure('usage', 'nothing is handed over on standard input', {
      hint: 'Put a command before it that writes it: … | longshore …',
    });
  }
  return text(process.stdin);
}
