/** A command of the file as a script for `sh`. Values reach it in its environment: they are neither read as code nor seen on a command line. */
import type { Piece } from './value.ts';

export interface ShellCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A variable's value: defined above in the file, or in the environment; `whole` is JSON that Kamal would have quoted for the shell. */
export interface ShellValue {
  readonly text: string;
  readonly fromFile: boolean;
  readonly whole: boolean;
}

/** A piece of the script; commands that ran in this process have left their output in it. */
export type ShellPiece =
  | Exclude<Piece, { kind: 'command' }>
  | { readonly kind: 'command'; readonly pieces: readonly ShellPiece[] }
  /** With `whole` it is one word, whatever it holds and however it is quoted. */
  | { readonly kind: 'value'; readonly text: string; readonly quoting: 'none' | 'double'; readonly whole: boolean };

/**
 * Kamal pastes values into the text of the command, also between single quotes, where the shell itself would not look. The same places
 * are filled here, by `${NAME}` inside the right quotes. A name without a value (`undefined`) is left to the shell.
 */
export function shellCommand(
  pieces: readonly ShellPiece[],
  valueOf: (piece: Extract<ShellPiece, { name: string }>) => ShellValue | undefined,
): ShellCommand {
  const env: Record<string, string> = {};
  const names = new Map<string, string>();
  const variableFor = (text: string, name = `LONGSHORE_VALUE_${Object.keys(env).length + 1}`): string => {
    env[name] = text;
    return name;
  };
  const filled = (piece: Extract<ShellPiece, { kind: 'variable' }>, value: ShellValue): string => {
    const known = names.get(piece.name) ?? (value.fromFile ? variableFor(value.text) : piece.name);
    names.set(piece.name, known);
    if (piece.quoting === 'single') return `'"\${${known}}"'`;
    return piece.quoting === 'none' && value.whole ? `"\${${known}}"` : `\${${known}}`;
  };
  const textOf = (piece: ShellPiece): string => {
    if (piece.kind === 'text') return piece.text;
    if (piece.kind === 'command') return `$(${piece.pieces.map(textOf).join('')})`;
    if (piece.kind === 'value') {
      const variable = `\${${variableFor(piece.text)}}`;
      return piece.quoting === 'none' && piece.whole ? `"${variable}"` : variable;
    }
    const value = valueOf(piece);
    if (piece.kind === 'variable' && value !== undefined) return filled(piece, value);
    if (value?.fromFile === true) env[piece.name] = value.text;
    return piece.text;
  };
  const script = pieces.map(textOf).join('');
  // The script travels in the environment too, because what stands in the file is not for the list of processes.
  return {
    args: ['-c', 'script=$LONGSHORE_SCRIPT; unset LONGSHORE_SCRIPT; eval "$script"'],
    env: { ...env, LONGSHORE_SCRIPT: script },
  };
}
