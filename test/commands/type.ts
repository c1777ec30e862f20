import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';
import { vi } from 'vitest';

type Runnable = new (argv: string[], config: Config) => { run(): Promise<void> };

export interface Typed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as it is typed, and what it writes. */
export async function type(command: Runnable, ...argv: string[]): Promise<Typed> {
  const written = { stdout: '', stderr: '' };
  const config = await Config.load({ root: fileURLToPath(new URL('../..', import.meta.url)) });
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => Boolean((written[stream] += String(text)))),
  );
  try {
    await new command(argv, config).run();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written;
}
