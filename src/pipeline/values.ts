import { problemWithVariable } from '../config/check-texts.ts';
import type { Config } from '../config/config.ts';
import type { ValueSources } from '../containers/delivery.ts';
import { envFileForm } from '../containers/kamal-forms.ts';
import { Failure } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { describeValue } from '../plan/values.ts';
import type { Session } from './session.ts';

/** Whoever takes over from Kamal says once how values arrive. @throws Failure `values-undecided` */
export function refuseUndecided({ config }: Pick<Session, 'config'>, { undecided = [] }: Plan): void {
  if (undecided.length === 0) return;
  throw new Failure(
    'values-undecided',
    'Kamal delivered some values to these containers otherwise than they are written',
    {
      details: undecided.map(describeValue),
      hint: `Nothing was changed. Add to ${config.file} \`values: kamal\`, if the app undoes what Kamal does to them, or \`values: exact\`; in a file that Kamal reads too: \`x-longshore: {values: …}\`.`,
    },
  );
}

/** Secrets that Linux could not give to a container. @throws Failure `secrets-invalid` that names them all */
export function checkSecrets(config: Config, secrets: ReadonlyMap<string, string>): void {
  const variables = config.roles.flatMap(({ hosts }) => hosts.flatMap(({ env }) => Object.entries(env.secret)));
  const problems = variables.flatMap(([variable, name]) => {
    const problem = problemWithVariable(variable, secrets.get(name) ?? '');
    return problem === undefined
      ? []
      : [`${variable === name ? name : `${variable} (the secret ${name})`}: ${problem}`];
  });
  const [first, ...more] = new Set(problems);
  if (first === undefined) return;
  throw new Failure('secrets-invalid', more.length === 0 ? first : 'Some secrets cannot be given to a container', {
    details: more.length === 0 ? [] : [first, ...more],
  });
}

/** Secrets in the forms in which containers have them besides the plain one. */
export function kamalsForms(
  { values }: Config,
  { secrets, secretsByKamal }: Omit<ValueSources, 'variables'>,
): string[] {
  if (values !== 'kamal') return [];
  return [...new Map([...secrets, ...secretsByKamal]).values()].map(envFileForm);
}
