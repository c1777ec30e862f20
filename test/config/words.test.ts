import { describe, expect, test } from 'vitest';
import { splitWords } from '../../src/config/words.ts';

describe('a command is split as a shell would', () => {
  test.each<[string, string[]]>([
    ['bin/jobs', ['bin/jobs']],
    ['  bin/jobs   --queues default,mail ', ['bin/jobs', '--queues', 'default,mail']],
    [`sh -c "a && b"`, ['sh', '-c', 'a && b']],
    [`sh -c 'echo $HOME | cat'`, ['sh', '-c', 'echo $HOME | cat']],
    [`a 'it'"'"'s' b`, ['a', "it's", 'b']],
    [`a "" ''`, ['a', '', '']],
    [String.raw`a\ b "c\"d" "e\f" \\`, ['a b', 'c"d', String.raw`e\f`, '\\']],
    ['a \\\n b', ['a', 'b']],
    ['a#b c', ['a#b', 'c']],
    ['--x=$5', ['--x=$5']],
  ])('%s', (command, words) => {
    expect(splitWords(command)).toEqual({ words });
  });

  test.each([
    ['a && b', "sh -c 'a && b'"],
    ['a; b', "sh -c 'a; b'"],
    ['a | b', "sh -c 'a | b'"],
    ['a > log', "sh -c 'a > log'"],
    ['a\nb', "sh -c 'a; b'"],
    ["a 'b' && c", `sh -c 'a '\\''b'\\'' && c'`],
    ['a $(b)', "sh -c 'a $(b)'"],
    ['a `b`', "sh -c 'a `b`'"],
    ['sh -c "kill $(cat pid)"', 'needs a shell'],
    ['a "b', 'a quote (") is not closed'],
    ['a \\', 'it ends with a lone backslash'],
    ['a # b', 'a comment'],
    ['""x"', 'is not closed'],
    ['  ', 'it is empty'],
  ])('what needs a shell is refused with what to write: %s', (command, problem) => {
    expect(splitWords(command).problem).toContain(problem);
  });

  test('a variable is passed on as it stands, with a remark', () => {
    expect(splitWords('run --port $PORT')).toMatchObject({ words: ['run', '--port', '$PORT'] });
    expect(splitWords('run "${PORT}"').remark).toContain('`${PORT}` is passed on as it stands');
    expect(splitWords('ls *.log').remark).toContain('no shell expands it');
  });
});
