import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quote, quoteAll } from '../../src/processes/quote.ts';
import { run } from '../../src/processes/run.ts';

describe('quote', () => {
  it.each(['plain', '', ' ', "it's", '"', '$HOME', '`id`', '\\', 'a\nb', '*', '!', '-n', 'é', "'''"])(
    'keeps %j one word',
    (word) => {
      expect(execFileSync('sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' })).toBe(word);
    },
  );

  it('leaves alone what needs no quotes', () => {
    expect(quoteAll(['docker', 'exec', '--env=A=1', "it's"])).toBe(`docker exec --env=A=1 'it'\\''s'`);
  });
});

describe('run', () => {
  it('says status and output, and hands over line by line', async () => {
    const lines: string[] = [];
    const result = await run('sh', ['-c', 'cat; echo two; printf three; echo err >&2; exit 4'], {
      input: 'one\n',
      onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    });
    expect(result).toMatchObject({ exitStatus: 4, stdout: 'one\ntwo\nthree', stderr: 'err\n', timedOut: false });
    expect(lines.toSorted()).toEqual(['stderr: err', 'stdout: one', 'stdout: three', 'stdout: two']);
  });

  it('says 127 for a command that is not there', async () => {
    expect((await run('no-such-command-here', [])).exitStatus).toBe(127);
  });

  it('ends a command, with all it started, when its time is over', async () => {
    const started = Date.now();
    expect(await run('sh', ['-c', 'sleep 30 & sleep 30'], { timeoutSeconds: 0.2 })).toMatchObject({
      exitStatus: 143,
      timedOut: true,
    });
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('ends a command when told', async () => {
    expect(await run('sleep', ['30'], { signal: AbortSignal.timeout(100) })).toMatchObject({ exitStatus: 143 });
  });
});
