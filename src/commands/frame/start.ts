import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { Failure } from '../../errors.ts';
import { failureAsJson, renderFailure } from '../../report/failure.ts';
import { paintFor } from '../../report/paint.ts';
import { explainAlias, listAliases, vocabularyOf } from './aliases.ts';
import { normaliseArgv, wantsJson } from './argv.ts';
import { inFull } from './words.ts';

/** Runs what was typed and ends the process with its exit status, whatever is still open. */
export async function start(argv: readonly string[], root: string): Promise<never> {
  settings.enableAutoTranspile = false;
  // A reader that went away, or a terminal that was closed, is no reason to leave a deploy half done.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  let words = normaliseArgv(argv);
  const vocabulary = vocabularyOf(root);
  try {
    const explained = await explainAlias(words, vocabulary);
    if (explained) {
      process.stdout.write(explained);
    } else {
      words = normaliseArgv(await inFull(words, vocabulary));
      await run(words, { root });
      if (words.length === 0 || words[0] === '--help') process.stdout.write(await listAliases(vocabulary));
    }
  } catch (thrown) {
    process.exitCode = say(thrown, words, vocabulary.ids);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit();
}

function say(thrown: unknown, argv: readonly string[], ids: readonly string[]): number {
  const failure = usageFailure(thrown, argv, ids) ?? thrown;
  if (wantsJson(argv)) process.stdout.write(`${JSON.stringify(failureAsJson(failure), undefined, 2)}\n`);
  else process.stderr.write(`${renderFailure(failure, paintFor(process.stderr, process.env))}\n`);
  return failure instanceof Failure ? failure.exitStatus : 1;
}

/** oclif's errors are about what was typed. */
function usageFailure(thrown: unknown, argv: readonly string[], ids: readonly string[]): Failure | undefined {
  if (!(thrown instanceof Error) || !('oclif' in thrown)) return undefined;
  const lines = thrown.message.split('\n').map((line) => line.trim());
  const message = lines
    .filter((line) => !/^(See more help|The following errors? occurred)/.test(line))
    .join(' ')
    .replace(/^Missing \d+ required args?: (.*?)(?: Note: .*)?$/, 'missing: $1')
    .trim()
    .replace(/^command (\S+) not found$/, (_, id: string) => `there is no command ${id.replaceAll(':', ' ')}`);
  const command = argv.filter((word) => !word.startsWith('-'));
  const lengths = [3, 2, 1].filter((length) => ids.includes(command.slice(0, length).join(':')));
  const help = ['longshore', ...command.slice(0, lengths[0] ?? 0), '--help'].join(' ');
  // A deploy's destination stands behind it, an accessory's name behind these.
  const [, surplus] = command[0] === 'accessory' ? (/^Unexpected argument: ([\w-]+)$/.exec(message) ?? []) : [];
  return new Failure('usage', message, {
    hint: surplus === undefined ? help : `If it is a destination: -d ${surplus}. Else: ${help}`,
  });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
