import { beforeEach, expect, test, vi } from 'vitest';
import Docs from '../../src/commands/docs.ts';
import Schema from '../../src/commands/schema.ts';
import { sectionCalled } from '../../src/config/document.ts';
import { type } from './type.ts';

beforeEach(() => void vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', ''));

test('docs explains every section', async () => {
  const { stdout } = await type(Docs);
  expect(stdout).toContain('# The least file\n\n# Names the app');
  expect(stdout).toContain('\n\n# Everything else\n\n');
});

test('docs explains one section, called by its name or by a key in it', async () => {
  expect((await type(Docs, 'boot')).stdout).toMatch(/^# Rolling\n\n# Without it.*\nboot:\n/s);
  expect((await type(Docs, 'drain_timeout')).stdout).toMatch(/^# Everything else\n/);
});

test.each(
  'configuration accessory alias boot builder env logging output proxy registry role servers ssh sshkit'.split(' '),
)('docs explains %s, as Kamal calls it', (name) => {
  expect(sectionCalled(name).sample).toContain(':');
});

test('docs names the sections there are', async () => {
  await expect(type(Docs, 'bot')).rejects.toMatchObject({
    code: 'usage',
    message: 'there is no section bot; did you mean boot?',
    hint: expect.stringContaining('servers, options, registry') as string,
  });
});

test('schema is JSON on stdout, and says on stderr how it is switched on', async () => {
  const { stdout, stderr } = await type(Schema);
  expect(JSON.parse(stdout)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' });
  expect(stderr).toContain('# yaml-language-server: $schema=deploy.schema.json');
});
