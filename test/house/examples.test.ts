import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { makeWorld } from '../laws/world.ts';
import { allDocuments, codeIn, root } from './documents.ts';

/** Whole files that people start from. */
interface Example {
  readonly name: string;
  readonly cwd: string;
  readonly destination?: string;
}

function examplesInFolders(): Example[] {
  const folders = readdirSync(join(root, 'examples')).map((name) => join(root, 'examples', name));
  return folders.flatMap((cwd) =>
    readdirSync(join(cwd, 'config')).flatMap((file) => {
      const [, destination] = /^deploy(?:\.(.+))?\.ya?ml$/.exec(file) ?? [];
      if (!/^deploy.*\.ya?ml$/.test(file)) return [];
      return [{ name: join(relative(root, cwd), 'config', file), cwd, ...(destination ? { destination } : {}) }];
    }),
  );
}

/** Each written to a folder of its own. */
function examplesInDocuments(): Example[] {
  return allDocuments().flatMap((document) =>
    codeIn(document, 'yaml', 'yml')
      .filter((text) => /^service:/m.test(text) && /^image:/m.test(text) && /^servers:/m.test(text))
      .map((text, index) => {
        const cwd = mkdtempSync(join(tmpdir(), 'longshore-example-'));
        mkdirSync(join(cwd, 'config'));
        writeFileSync(join(cwd, 'config/deploy.yml'), text);
        return { name: `${document.path}, file ${index + 1}`, cwd };
      }),
  );
}

const examples = [...examplesInFolders(), ...examplesInDocuments()];

test('the examples are found', () => {
  const names = examples.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'examples/hello/config/deploy.yml',
      'examples/heatwave/config/deploy.staging.yml',
      'README.md, file 1',
    ]),
  );
});

test.each(examples)(
  '$name is read without a complaint, and planned for machines on which nothing is',
  async (example) => {
    const { cwd, destination } = example;
    const config = loadConfig({
      file: 'config/deploy.yml',
      cwd,
      env: {},
      ...(destination === undefined ? {} : { destination }),
    });
    expect(config.warnings).toEqual([]);

    const lines = await makeWorld(config).plan('v1');
    const created = lines
      .filter((line) => line.includes(`: create ${config.service}-`))
      .map((line) => line.split(' (')[0]);
    const ofDestination = config.destination === undefined ? '' : `-${config.destination}`;
    expect(created.toSorted()).toEqual(
      config.roles
        .flatMap(({ name, hosts }) =>
          hosts.map(({ host }) => `${host}: create ${config.service}-${name}${ofDestination}-v1`),
        )
        .toSorted(),
    );
  },
);
