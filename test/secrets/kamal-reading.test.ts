import { expect, test } from 'vitest';
import { resolveSecrets } from '../../src/secrets/resolve.ts';
import { project } from './project.ts';

test('what Kamal reads otherwise is told beside the values: variables in what a command gave', async () => {
  const { folder, env } = project(
    {
      '.kamal/secrets': [
        'PLAIN=$(cat plain)',
        'CUT=$(cat cut)',
        'ESCAPED=$(cat escaped)',
        'ABOVE=above',
        'MORE="\\$kept $ABOVE $(cat more)"',
        'REFERS=<$CUT>',
        "SINGLE='pa$word'",
        'GIVEN=$GIVEN',
      ].join('\n'),
      plain: 'pa$$$ $ $',
      cut: 'pa$word',
      escaped: 'a\\$b',
      more: '-${HOME}-$NONE}',
    },
    { env: { GIVEN: 'pa$word' } },
  );
  const byKamal: Record<string, string> = {};
  const values = await resolveSecrets({
    path: '.kamal/secrets',
    names: ['PLAIN', 'CUT', 'ESCAPED', 'ABOVE', 'MORE', 'REFERS', 'SINGLE', 'GIVEN'],
    cwd: folder,
    env,
    onKamalsValue: (name, value) => (byKamal[name] = value),
  });
  expect(Object.fromEntries(values)).toEqual({
    PLAIN: 'pa$$$ $ $',
    CUT: 'pa$word',
    ESCAPED: 'a\\$b',
    ABOVE: 'above',
    MORE: '$kept above -${HOME}-$NONE}',
    REFERS: '<pa$word>',
    SINGLE: 'pa$word',
    GIVEN: 'pa$word',
  });
  expect(byKamal).toEqual({ CUT: 'pa', ESCAPED: 'a$b', MORE: `$kept above -${folder}-`, REFERS: '<pa>' });
});
