/** What a program that people call in `$(…)` meant when it failed. */
import { Failure } from '../errors.ts';
import type { Piece } from './value.ts';

/** The same failure, with what to do where that is known. */
export function explained(error: unknown, pieces: readonly Piece[]): unknown {
  if (!(error instanceof Failure)) return error;
  const { details } = error;
  const said = details.join('\n');
  const missing = /(?:^|[\s:])([\w./+-]+): (?:command )?not found$/m.exec(said)?.[1];
  if (missing !== undefined) {
    return new Failure('secret-provider-missing', `the command needs the program ${missing}, which is not here`, {
      details,
      hint: `Install ${missing}, or look at PATH.`,
      cause: error,
    });
  }
  if (!pieces.some((piece) => piece.kind === 'text' && /\bgh\s+auth\s+token\b/.test(piece.text))) return error;
  return new Failure('secret-provider-locked', 'gh gave no token: it is not logged in', {
    details,
    hint: 'gh auth login --scopes write:packages   (in CI set GH_TOKEN; pulling alone needs only read:packages)',
    cause: error,
  });
}
