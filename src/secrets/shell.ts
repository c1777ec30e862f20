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

/**
 * Kamal pastes values into the text of the command, also between single quotes, where the shell itself would not look. The same places
 * are filled here, by `${NAME}` inside the right quotes. A name without a value (`undefined`) is left to the shell.
 */
export function shellCommand(
  pieces: readonly Piece[],
  valueOf: (name: string) => ShellValue | undefined,
): ShellCommand {
  const env: Record<string, string> = {};
  const names = new Map<string, string>();
  const nameFor = (name: string, value: ShellValue): string => {
    const known = names.get(name) ?? `LONGSHORE_VALUE_${names.size + 1}`;
    names.set(name, known);
    env[known] = value.text;
    return known;
  };
  let script = '';
  for (const piece of pieces) {
    const value = piece.kind === 'text' ? undefined : valueOf(piece.name);
    if (piece.kind === 'text') script += piece.text;
    else if (piece.kind === 'expansion') {
      if (value?.fromFile === true) env[piece.name] = value.text;
      script += piece.text;
    } else if (value === undefined) script += piece.text;
    else {
      const variable = `\${${value.fromFile ? nameFor(piece.name, value) : piece.name}}`;
      if (piece.quoting === 'single') script += `'"${variable}"'`;
      else script += piece.quoting === 'none' && value.whole ? `"${variable}"` : variable;
    }
  }
  // The script travels in the environment too, because what stands in the file is not for the list of processes.
  return {
    args: ['-c', 'script=$LONGSHORE_SCRIPT; unset LONGSHORE_SCRIPT; eval "$script"'],
    env: { ...env, LONGSHORE_SCRIPT: script },
  };
}
