/** What `$(…)` comes to. `kamal secrets …` and `op read` run in this process wherever they stand in it; the shell does the rest. */
import { Failure } from '../errors.ts';
import { outputOf } from './command.ts';
import type { Entry } from './dialect.ts';
import { explained } from './explain.ts';
import { type InlineCommand, parseInlineCommand, refuseUnreadable, runInlineCommand, wholeWords } from './inline.ts';
import type { Providers } from './providers.ts';
import { type Segment, segmentsOf } from './segments.ts';
import { shellCommand, type ShellPiece, type ShellValue } from './shell.ts';
import type { Piece } from './value.ts';
import { type Filling, fillingsOf, fillWords } from './words.ts';

export interface Scope {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly providers: Providers;
  /** Of all that the entry refers to, and others. */
  readonly values: ReadonlyMap<Entry, string>;
}

/** Its output; throws `secrets-missing` when there is none, and what goes wrong in it. */
export async function outputOfCommand(pieces: readonly Piece[], entry: Entry, scope: Scope): Promise<string> {
  const inline = parseInlineCommand(pieces);
  const output = inline ? await runInline(inline, entry, scope) : await runInShell(pieces, entry, scope);
  if (output === '') throw new Failure('secrets-missing', 'the command gave nothing');
  return output;
}

async function runInline(inline: InlineCommand, entry: Entry, scope: Scope): Promise<string> {
  const filled = new Map<Filling, string>();
  for (const filling of fillingsOf(inline.words)) {
    if ('command' in filling) filled.set(filling, await outputOfCommand(filling.command, entry, scope));
    else filled.set(filling, shellValue(filling.variable, entry, scope)?.text ?? needed(filling.variable));
  }
  const args = fillWords(inline.words, (filling) => filled.get(filling) ?? '', wholeWords(inline));
  return runInlineCommand(inline.kind, args, scope.providers);
}

async function runInShell(pieces: readonly Piece[], entry: Entry, scope: Scope): Promise<string> {
  const { args, env } = shellCommand(await settled(pieces, entry, scope), (piece) => {
    const value = shellValue(piece.name, entry, scope);
    // Between single quotes `$1` and `$NF` are awk's, and digits are the shell's own; anything else was meant to have a value.
    const mayBeUnset = piece.kind !== 'variable' || piece.quoting === 'single' || /^\d+$/.test(piece.name);
    return value ?? (mayBeUnset ? undefined : needed(piece.name));
  });
  const command = { file: 'sh', args, cwd: scope.cwd, env: { ...scope.env, ...env }, called: 'the command' };
  const { LONGSHORE_SCRIPT: _, ...given } = env;
  return outputOf(command, [...scope.values.values(), ...Object.values(given)]).catch((error: unknown) =>
    Promise.reject(explained(error, pieces)),
  );
}

/** The command with what runs in this process replaced by what it gave; it runs before the shell does. */
async function settled(pieces: readonly Piece[], entry: Entry, scope: Scope): Promise<readonly ShellPiece[]> {
  const settledOf = async (segment: Segment): Promise<readonly ShellPiece[]> => [
    { kind: 'text', text: segment.before },
    ...(await settledSegment(segment, entry, scope)),
  ];
  return (await Promise.all(segmentsOf(pieces).map(settledOf))).flat();
}

async function settledSegment({ pieces, after }: Segment, entry: Entry, scope: Scope): Promise<readonly ShellPiece[]> {
  const inline = parseInlineCommand(pieces);
  if (inline) {
    try {
      const text = await runInline(inline, entry, scope);
      return [
        { kind: 'text', text: ` printf '%s\\n' ` },
        { kind: 'value', text, quoting: 'none', whole: true },
        { kind: 'text', text: ' ' },
      ];
    } catch (error) {
      if (after !== '||' || !(error instanceof Failure)) throw error;
      return [{ kind: 'text', text: ' false ' }];
    }
  }
  refuseUnreadable(pieces);
  return Promise.all(
    pieces.map(async (piece): Promise<ShellPiece> => {
      if (piece.kind !== 'command') return piece;
      const within = parseInlineCommand(piece.pieces);
      if (!within) return { kind: 'command', pieces: await settled(piece.pieces, entry, scope) };
      const text = await runInline(within, entry, scope);
      return { kind: 'value', text, quoting: piece.quoting, whole: within.kind === 'fetch' };
    }),
  );
}

function shellValue(name: string, entry: Entry, { values, env }: Scope): ShellValue | undefined {
  const referred = entry.references.get(name);
  const text = referred ? values.get(referred) : fromEnvironment(env, name);
  return text === undefined
    ? undefined
    : { text, fromFile: referred !== undefined, whole: referred !== undefined && isFetch(referred) };
}

/** Names such as `constructor` are not variables. */
export function fromEnvironment(env: Scope['env'], name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function isFetch({ parts }: Entry): boolean {
  const [part, more] = parts;
  return more === undefined && part?.kind === 'command' && parseInlineCommand(part.pieces)?.kind === 'fetch';
}

function needed(name: string): never {
  throw unset(
    name,
    `Set it, or define it above this line; write \\$${name} if the shell that runs the command is to fill it in.`,
  );
}

export function unset(name: string, hint: string): Failure {
  return new Failure('secrets-missing', `the variable ${name} is not set`, { hint });
}
