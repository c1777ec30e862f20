/** Vaults' programs are scripts here, which say and do what the real ones are documented and recorded to: none can be reached from a test. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../../../src/errors.ts';
import { project } from '../project.ts';

export interface Stubbed {
  /** What `secrets fetch` gives, as an object. */
  fetch(rest: string): Promise<Record<string, string>>;
  refusal(rest: string): Promise<Failure>;
  /** How often it was asked for a password. */
  readonly questions: string[];
  /** The command lines it was called with. */
  calls(): string[];
}

interface Setting {
  readonly adapter: string;
  readonly program: string;
  /** The script, after a line that writes down how it was called; absent: it is not installed. */
  readonly script?: string;
  readonly env?: Record<string, string>;
  /** What is typed when it asks; absent: nobody is there. */
  readonly answer?: string;
}

export function stubbed({ adapter, program, script, env = {}, answer }: Setting): Stubbed {
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return answer ?? '';
  };
  const inProject = (rest: string) =>
    project(
      {
        calls: '',
        ...(script === undefined ? {} : { [`bin/${program}`]: `#!/bin/sh\necho "$*" >> "$CALLS"\n${script}` }),
        '.kamal/secrets': `S=$(kamal secrets fetch --adapter ${adapter} ${rest})`,
      },
      { env: { ...env, CALLS: join(folderOfCalls, 'calls') }, ...(answer !== undefined && { ask }) },
    );
  const folderOfCalls = project({ calls: '' }).folder;
  return {
    questions,
    fetch: async (rest) => JSON.parse((await inProject(rest).resolve('S')).S ?? '') as Record<string, string>,
    refusal: (rest) => inProject(rest).failure('S'),
    calls() {
      const file = join(folderOfCalls, 'calls');
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    },
  };
}

/** What a shell's `case` prints word for word. */
export function says(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `printf '%s\\n' '${text.replaceAll("'", `'\\''`)}'`;
}

export function fails(words: string, status = 1): string {
  return `${says(words)} >&2; exit ${status}`;
}
