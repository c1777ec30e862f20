import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { isAbsolute, relative, resolve } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import { runNow } from '../processes/run-now.ts';
import { throwProblems } from './findings.ts';
import { render } from './render.ts';
import type { Answer, World } from './ruby-run.ts';
import { alignTemplate } from './template.ts';
import { whatIsAt } from './load-paths.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

export interface TemplateRequest {
  readonly cwd: string;
  /** What templates see as ENV; KAMAL_DESTINATION is the destination here, as in Kamal. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly destination?: string;
  /** Refuse to run the commands that a file holds. */
  readonly noExec?: boolean;
  /** Who renders templates; absent: Longshore, with its subset of Ruby. */
  readonly erb?: 'ruby';
}

const timeoutSeconds = 60;

/** `aside`: only to compare, so nothing is run that was not run already, and what would need it cannot be read. */
export type Reading = 'in-earnest' | 'aside';

/** Reads the text of a file, which may be a template. Commands in templates run once, however often they stand there. */
export function createFileReader(request: TemplateRequest) {
  const answers = new Map<string, Answer>();
  const plain = new Map<string, YamlFile>();
  return (file: string, text: string, destination: string | undefined, reading: Reading): YamlFile => {
    const clean = text.replace(/^\uFEFF/, '');
    if (!clean.includes('<%')) {
      const parsed = plain.get(file) ?? parseYaml(file, clean);
      plain.set(file, parsed);
      return parsed;
    }
    if (reading === 'aside' && request.erb === 'ruby') return unread(file);
    const env = { ...request.env, KAMAL_DESTINATION: destination };
    if (request.erb === 'ruby') return renderedByRuby(file, clean, { ...request, env });
    const { template, problems, warnings } = render({
      file,
      text: clean,
      world: worldOf({ ...request, env }, answers, reading),
    });
    if (problems.length > 0) {
      return { sheet: template.sheet, value: undefined, problems, warnings, locate: () => undefined };
    }
    const parsed = parseYaml(file, template.text, template);
    return { ...parsed, warnings: [...warnings, ...parsed.warnings] };
  };
}

/** A template that is no config, such as an accessory's file. @throws Failure `config-invalid` with its problems */
export function renderTemplate(request: TemplateRequest & { readonly file: string; readonly text: string }): string {
  const { file, text } = request;
  const { template, problems } = render({ file, text, world: worldOf(request, new Map(), 'in-earnest') });
  throwProblems(file, problems);
  return template.text;
}

function unread(file: string): YamlFile {
  const sheet = { file, lines: [] };
  const problems = [{ place: { sheet, line: 1, column: 1 }, message: 'Ruby is not run for this' }];
  return { sheet, value: undefined, problems, warnings: [], locate: () => undefined };
}

function worldOf({ cwd, env, noExec }: TemplateRequest, answers: Map<string, Answer>, reading: Reading): World {
  return {
    env,
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    run(command) {
      if (noExec === true) return { problem: 'this runs a command, and --no-exec was given' };
      const key = JSON.stringify([command, env['KAMAL_DESTINATION']]);
      if (reading === 'aside') {
        const known = [...answers].find(([asked]) => (JSON.parse(asked) as unknown[])[0] === command);
        return known?.[1] ?? { problem: 'this command is not run' };
      }
      const answer = answers.get(key) ?? runCommand(command, { cwd, env });
      answers.set(key, answer);
      return answer;
    },
    read: (path) => readProjectFile(path, cwd),
  };
}

function runCommand(command: string, { cwd, env }: Pick<TemplateRequest, 'cwd' | 'env'>): Answer {
  const { exitStatus, stdout, stderr, timedOut } = runNow('/bin/sh', ['-c', command], { cwd, env, timeoutSeconds });
  if (timedOut) return { problem: `this command did not end within ${timeoutSeconds} seconds` };
  if (exitStatus === 0) return { text: stdout };
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return { problem: `this command failed with exit status ${exitStatus}${last === '' ? '' : `: ${last}`}` };
}

function readProjectFile(path: string, cwd: string): Answer | undefined {
  const whole = resolve(cwd, path);
  const inside = relative(cwd, whole);
  if (inside.startsWith('..') || isAbsolute(inside)) {
    return { problem: `${path} is not in the project’s directory, and only its files are read here` };
  }
  if (whatIsAt(whole) !== 'file') return undefined;
  try {
    return { text: readFileSync(whole, 'utf8') };
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
}

const program = 'erb = ERB.new($stdin.read, trim_mode: "-"); erb.filename = ARGV[0]; print erb.result';

function renderedByRuby(file: string, text: string, { cwd, env }: TemplateRequest): YamlFile {
  const args = ['-rerb', '-e', program, file];
  const { exitStatus, stdout, stderr, timedOut } = runNow('ruby', args, { cwd, env, input: text, timeoutSeconds });
  if (exitStatus === 127) {
    throw new Failure('usage', `--erb ruby needs Ruby, and there is no ruby on this machine to render ${file}`, {
      hint: 'Install Ruby, or leave --erb ruby away: docs/configuration.md says which templates are rendered without it.',
    });
  }
  if (exitStatus !== 0) {
    throw new Failure('config-invalid', `Ruby cannot render ${file}`, {
      details: timedOut ? [`it did not end within ${timeoutSeconds} seconds`] : stderr.trim().split('\n').slice(0, 5),
    });
  }
  return parseYaml(file, stdout, alignTemplate({ file, lines: text.split(/\r?\n/) }, stdout));
}
