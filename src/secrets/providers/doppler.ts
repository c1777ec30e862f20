/** Doppler through `doppler`: a name is `PROJECT/CONFIG/NAME`, or NAME alone with a service token, which knows both. */
import { Failure } from '../../errors.ts';
import type { CreateVault, Found } from './provider.ts';
import { inProgram, isLocked, jsonOf, oneByOneIfMissing, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'doppler',
  vault: 'Doppler',
  install: 'https://docs.doppler.com/docs/install-cli',
  secretVariables: ['DOPPLER_TOKEN'],
  problems: [
    {
      said: /must provide a token|invalid (auth|service) token|unauthorized|token (has )?expired/i,
      code: 'secret-provider-locked',
      means: 'not logged in',
      hint: 'doppler login, or DOPPLER_TOKEN with a service token (dp.st.…).',
    },
    {
      said: /could not find requested (secret|project|config)|provide a valid (project|config)/i,
      code: 'secret-not-found',
      means: 'it has no such secret, project or config',
      hint: 'See the names with: doppler secrets --only-names -p PROJECT -c CONFIG',
    },
  ],
};

export const createDoppler: CreateVault = (context) => {
  const doppler = inProgram(program, context);
  const get = async (names: readonly string[], place: readonly string[]): Promise<unknown> => {
    const args = ['secrets', 'get', ...names, '--json', ...place];
    const call = { called: 'doppler secrets get' };
    const output = await doppler(args, call).catch(async (error: unknown) => {
      if (!isLocked(error) || context.env.DOPPLER_TOKEN || context.ask === undefined) throw error;
      await doppler(['login', '--yes'], { called: 'doppler login', terminal: 'talks' });
      return doppler(args, call);
    });
    return jsonOf(output, call.called);
  };
  return {
    async lookUp(names) {
      const isServiceToken = context.env.DOPPLER_TOKEN?.startsWith('dp.st') === true;
      const found = new Map<string, Found | Failure>();
      for (const [place, group] of groupsOf(names, isServiceToken)) {
        const answers = await oneByOneIfMissing(group, async (some) => {
          const answer = ((await get(some.map(lastPart), place)) ?? {}) as Readonly<Record<string, unknown>>;
          return new Map(some.map((name) => [name, valueIn(answer, lastPart(name))]));
        });
        for (const [name, one] of answers) found.set(name, one);
      }
      return found;
    },
  };
};

/** The options that say where, with the names that are there. */
function groupsOf(
  names: readonly string[],
  isServiceToken: boolean,
): readonly [readonly string[], readonly string[]][] {
  if (isServiceToken) return [[[], names]];
  const groups = new Map<string, [string[], string[]]>();
  for (const name of names) {
    const [project, config, secret] = name.split('/');
    if (!project || !config || !secret) {
      throw new Failure('secrets-invalid', `"secrets fetch" from Doppler needs project and config for ${name}`, {
        hint: '--from PROJECT/CONFIG NAME, PROJECT/CONFIG/NAME, or a service token in DOPPLER_TOKEN.',
      });
    }
    const group = groups.get(`${project}/${config}`) ?? [['-p', project, '-c', config], []];
    groups.set(`${project}/${config}`, group);
    group[1].push(name);
  }
  return [...groups.values()];
}

function valueIn(answer: Readonly<Record<string, unknown>>, name: string): Found | Failure {
  const { computed } = (answer[name] ?? {}) as { computed?: unknown };
  if (typeof computed === 'string') return [[name, computed]];
  return new Failure('secret-not-found', `Doppler does not give ${name}`, {
    hint: 'Restricted secrets cannot be read by people; use a service token.',
  });
}

function lastPart(name: string): string {
  return name.split('/').at(-1) ?? name;
}
