import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { parseSecrets } from '../../src/secrets/dialect.ts';
import { parseInlineCommand, wholeWords } from '../../src/secrets/inline.ts';
import { scanCommand } from '../../src/secrets/value.ts';
import { fillWords } from '../../src/secrets/words.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';
import { project } from './project.ts';

const env = { HOME: '/home/deploy', REGION: 'eu' };

describe('a value means what Kamal reads', () => {
  it.each([
    ['plain', 'A=value', 'value'],
    ['spaces around it are taken off', 'A =  some value  ', 'some value'],
    ['export is allowed', 'export A=value', 'value'],
    ['a colon and a space do for an equals sign', 'A: value', 'value'],
    ['nothing is an empty value', 'A=', ''],
    ['the name alone is an empty value', 'A', ''],
    ['a comment alone is an empty value', 'A= # comment', ''],
    ['the last definition wins', 'A=one\nA=two', 'two'],
    ['line ends of Windows', 'A=one\r\nB=two\r\n', 'one'],
    ['a mark at the start of the file', '\uFEFFA=one', 'one'],
    ['a comment after a space', 'A=value # comment', 'value'],
    ['# without a space cuts too', 'A=a#b', 'a'],
    ['a backslash gives the next character', 'A=a\\nb\\ c', 'anb c'],
    ['quotes in the middle stay', `A=say "hi" it's`, `say "hi" it's`],
    ['single quotes are literal', `A='$HOME #1 \\n "x"'`, '$HOME #1 \\n "x"'],
    ['single quotes span lines', "A='one\ntwo'", 'one\ntwo'],
    ['a backslash before the closing single quote', "A='C:\\dir\\'\nB=x", 'C:\\dir\\'],
    ['an escaped single quote keeps its backslash', `A='it\\'s'`, `it\\'s`],
    ['a comment after quotes', `A='a#b' # comment`, 'a#b'],
    ['double quotes span lines', 'A="one\ntwo"', 'one\ntwo'],
    ['\\n in double quotes stays', 'A="one\\ntwo"', 'one\\ntwo'],
    ['\\n in legacy mode is a line break', 'DOTENV_LINEBREAK_MODE=legacy\nA="one\\ntwo"', 'one\ntwo'],
    ['escaped double quotes', 'A="say \\"hi\\""', 'say "hi"'],
    ['equal quotes at both ends of the line come off', `A="a"b"`, 'a"b'],
    ['a quoted word and more is not a quoted value', `A="a"b`, '"a"b'],
    ['variables from above', 'B=x\nA=$B-${B}y', 'x-xy'],
    ['variables from the environment', 'A=$HOME/x', '/home/deploy/x'],
    ['the file wins over the environment', 'REGION=us\nA=$REGION', 'us'],
    ['what is defined below does not count', 'A=$REGION\nREGION=us', 'eu'],
    ['a name may refer to its own earlier value', 'A=one\nA=$A-two', 'one-two'],
    ['\\$ is a dollar', 'A=pa\\$word', 'pa$word'],
    ['\\\\$ is one too', 'A=pa\\\\$word', 'pa$word'],
    ['\\\\\\$ is a backslash and a dollar', 'A=pa\\\\\\$word', 'pa\\$word'],
    ['a dollar before no name', 'A=a$ $- $$', 'a$ $- $$'],
    ['a brace after $NAME stays', 'B=1\nA={"b":$B}', '{"b":1}'],
    ['a command', 'A=$(echo hi)', 'hi'],
    ['text around a command', 'A=<$(echo hi)>', '<hi>'],
    ['two commands', 'A=$(echo a)$(echo b)', 'ab'],
    ['parentheses in a command', 'A=$(echo $(echo hi))', 'hi'],
    ['arithmetic', 'A=$(echo $((1+2)))', '3'],
    ['a closing parenthesis in quotes', `A=$(echo ")" ')')`, ') )'],
    ['# in a command', `A=$(echo "a#b") # comment`, 'a#b'],
    ['quotes in a command in quotes', 'A="$(echo "a  b")"', 'a  b'],
    ['# and quotes in a command in quotes', 'A="$(echo "#")"', '#'],
    ['escaped quotes in a command in quotes', 'A="$(echo \\"a  b\\")"', 'a  b'],
    ['a command over several lines in quotes', 'A="$(echo a\necho b)"', 'a\nb'],
    ['a command continued after a backslash', 'A=$(echo a \\\n  b)', 'a b'],
    ['an escaped command is text', 'A=\\$(echo hi)', '$(echo hi)'],
    ['no command in single quotes', `A='$(echo hi)'`, '$(echo hi)'],
    ['$() is text', 'A=$()', '$()'],
    ['one line break at the end of the output comes off', `A=$(printf 'a\\\\n\\\\n')`, 'a\n'],
    ['a variable of the file in a command', 'B=x\nA=$(echo $B)', 'x'],
    ['also between single quotes', `B=x\nA=$(echo '<$B>')`, '<x>'],
    ['a variable of the environment in a command', 'A=$(echo "$REGION")', 'eu'],
    ['awk keeps its fields', `A=$(echo a b | awk '{print $2}')`, 'b'],
    ['\\$ in a command is for the shell', 'A=$(X=1; echo \\$X)', '1'],
    ['${NAME:-…} in a command is for the shell', 'B=x\nA=$(echo ${B:-y}${C:-z})', 'xz'],
  ])('%s', async (_, text, value) => {
    const { resolve } = project({ '.kamal/secrets': text }, { env });
    await expect(resolve('A')).resolves.toEqual({ A: value });
  });
});

describe('what is wrong is told with its line', () => {
  it.each([
    ['an unclosed command', 'B=x\n\nA=$(echo', '.kamal/secrets:3: A: $( is not closed by )'],
    ['an unclosed command in quotes', 'A="$(echo"\nB="$(echo x)"', '.kamal/secrets:1: A: $( is not closed by )'],
    ['an unclosed quote', 'A="abc\nB=x', '.kamal/secrets:1: A: the value starts with ", which is not closed'],
    [
      'a default',
      'A=${B:-x}',
      '.kamal/secrets:1: A: ${ is not followed by a name and }; only $NAME and ${NAME} are understood here',
    ],
    ['export without a value', 'export A', '.kamal/secrets:1: export A gives no value, and none is given above'],
    [
      'a line number after a value of several lines',
      'B="\n\n"\nA="x',
      '.kamal/secrets:4: A: the value starts with ", which is not closed',
    ],
  ])('%s', async (_, text, message) => {
    const failure = await project({ '.kamal/secrets': text }).failure('A');
    expect([failure.code, failure.message]).toEqual(['secrets-invalid', message]);
  });

  it('says which lines define nothing, and that a # cut a value that is needed', async () => {
    const { resolve, warnings } = project({ '.kamal/secrets': 'A=a#b\nset -a\n# comment\nC=c#d\nKEY-2=x' });
    await resolve('A');
    expect(warnings).toEqual([
      '.kamal/secrets:2: ignored, because it is not KEY=value',
      '.kamal/secrets:5: ignored, because it is not KEY=value',
      '.kamal/secrets:1: the value of A ends before the #, as in Kamal; put it in quotes if the # belongs to it',
    ]);
  });
});

describe('any text', () => {
  const bits = fc.constantFrom(
    'A',
    '=',
    '$',
    '(',
    ')',
    '"',
    "'",
    '\\',
    '\n',
    '#',
    ' ',
    '{',
    '}',
    ':',
    'export ',
    '$(',
    '${',
    'B',
    '\r',
    '\t',
  );
  const texts = fc.oneof(
    fc.array(bits, { maxLength: 60 }).map((all) => all.join('')),
    fc.string({ unit: 'binary' }),
  );

  it('is read or refused with a line, and nothing else is thrown', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseSecrets(text, { file: 'secrets', env: {} });
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          expect((error as Failure).message).toMatch(/^secrets:\d+: /);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('without commands has values or a failure', async () => {
    const place = project({});
    mkdirSync(join(place.folder, '.kamal'));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        writeFileSync(join(place.folder, '.kamal/secrets'), text.replaceAll('(', ''));
        await place.resolve('A', 'B').catch((error: unknown) => expect(error).toBeInstanceOf(Failure));
      }),
      { numRuns: 2_000 },
    );
  });

  it("as a command is one of ours, the shell's, or refused", () => {
    fc.assert(
      fc.property(texts, fc.constantFrom('kamal secrets fetch ', 'op read op://a/b/c ', ''), (text, start) => {
        const command = scanCommand(`$(${start}${text})`, 0, { quoting: 'none', legacyLineBreaks: false });
        if (command === undefined) return;
        try {
          const inline = parseInlineCommand(command.pieces);
          if (inline) fillWords(inline.words, () => 'a b', wholeWords(inline));
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['backslashes', '\\'],
    ['openings', '$('],
    ['nested openings in quotes', '"$('],
    ['quotes', '"'],
    ['escaped quotes', `\\'`],
    ['lines with an unclosed quote', `A='\\'x\n`],
    ['lines with an unclosed command', 'A="$(\n'],
    ['spaces', ' '],
    ['lines', 'A=$A\n'],
  ])('of a million characters of %s is done in a moment', (_, bit) => {
    const text = `A=${bit === ' ' ? 'x' : ''}${bit.repeat(1_000_000 / bit.length)}`;
    const started = cpuMilliseconds();
    try {
      parseSecrets(text, { file: 'secrets', env: {} });
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
    }
    expect(cpuMilliseconds() - started).toBeLessThan(2000);
  });
});
