import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { checkConfigText } from '../config/load.ts';
import { type Answers, exposedPort, starterFiles } from '../config/starter.ts';
import { Failure } from '../errors.ts';
import type { InitResult } from '../report/init.ts';
import type { Run } from './run.ts';

/** What was given by flags. */
export interface InitGiven {
  readonly service?: string;
  readonly image?: string;
  readonly hosts: readonly string[];
  readonly registryServer?: string;
  /** Asks on the terminal, and offers an answer; absent when nobody is there or wants to be asked. */
  readonly ask?: (question: string, offer: string) => Promise<string>;
}

/** Writes the files that a project needs to be deployed; none is ever overwritten. @throws Failure `usage` */
export async function init(given: InitGiven, run: Run): Promise<InitResult> {
  const cwd = process.cwd();
  const dockerfile = existsSync(resolve(cwd, 'Dockerfile'))
    ? readFileSync(resolve(cwd, 'Dockerfile'), 'utf8')
    : undefined;
  const appPort = dockerfile === undefined ? undefined : exposedPort(dockerfile);
  const hasConfig = existsSync(resolve(cwd, run.configFile));
  const answers = hasConfig ? placeholders : await collectAnswers(given, basename(cwd));
  const files = starterFiles(run.configFile, { ...answers, ...(appPort === undefined ? {} : { appPort }) });
  if (!hasConfig) checkAnswers(run.configFile, files[0]?.text ?? '');
  const isThere = files.map(({ path }) => existsSync(resolve(cwd, path)));
  for (const [index, { path, text, executable }] of files.entries()) {
    if (isThere[index] === true) continue;
    mkdirSync(dirname(resolve(cwd, path)), { recursive: true });
    writeFileSync(resolve(cwd, path), text, { flag: 'wx', mode: executable === true ? 0o755 : 0o644 });
  }
  return {
    written: files.filter((_, index) => isThere[index] === false).map(({ path }) => path),
    leftAlone: files.filter((_, index) => isThere[index] === true).map(({ path }) => path),
    dockerfile: dockerfile !== undefined,
    ...(appPort === undefined || hasConfig ? {} : { appPort }),
  };
}

const placeholders: Answers = { service: 'app', image: 'app', hosts: [] };

async function collectAnswers({ ask, ...given }: InitGiven, directory: string): Promise<Answers> {
  const name =
    directory
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, '-')
      .replace(/^[-_]+/, '') || 'app';
  const question = async (text: string, offer: string) => (await ask?.(text, offer))?.trim() || offer;
  const service = given.service ?? (await question('What is the app called?', name));
  const image = given.image ?? (await question('Which image, with its registry? (such as ghcr.io/acme/shop)', ''));
  const hosts =
    given.hosts.length > 0
      ? given.hosts
      : (await question('Which machines? (names or addresses, by comma)', '')).split(/[\s,]+/).filter(Boolean);
  const missing = [...(image === '' ? ['--image'] : []), ...(hosts.length === 0 ? ['--host'] : [])];
  if (missing.length > 0) {
    throw new Failure('usage', `init has to know ${missing.join(' and ')}`, {
      hint: `longshore init --service ${service} --image ghcr.io/acme/${service} --host 192.0.2.10`,
    });
  }
  return {
    service,
    image,
    hosts,
    ...(given.registryServer === undefined ? {} : { registryServer: given.registryServer }),
  };
}

function checkAnswers(file: string, text: string): void {
  try {
    checkConfigText(file, text);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    throw new Failure('usage', `these answers make no deploy file, so nothing was written`, {
      details: thrown.details,
    });
  }
}
