import type { SecretSeen } from '../secrets/resolve.ts';
import { noColours, type Paint } from './paint.ts';
import { table } from './table.ts';

export interface SecretsResult {
  readonly service: string;
  readonly destination?: string;
  readonly secrets: readonly SecretSeen[];
}

export interface SecretsLook {
  readonly paint?: Paint;
  readonly values: 'revealed' | 'masked';
}

/** A line for each secret: its value or a mask, and the line of the file that gives it. */
export function renderSecrets(
  { service, destination, secrets }: SecretsResult,
  { paint = noColours, values }: SecretsLook,
): string {
  const title = destination === undefined ? service : `${service} in ${destination}`;
  const rows = table(
    secrets.map((secret) => [secret.name, shownValue(secret, { paint, values }), paint.dim(secret.where)]),
  );
  const lines = secrets.flatMap(({ problem }, index) => [
    rows[index] ?? '',
    ...(problem === undefined ? [] : [problem.message, ...problem.details].map((line) => `    ${line}`)),
    ...(problem?.hint === undefined ? [] : [`    ${paint.cyan('→')} ${problem.hint}`]),
  ]);
  const hint = values === 'masked' && secrets.some(({ value }) => value) ? ['', 'Shown by --reveal.'] : [];
  return [paint.bold(title), '', ...lines, ...hint].join('\n');
}

/** The same for programs; values only when they are revealed. */
export function secretsAsJson(result: SecretsResult, { values }: SecretsLook): object {
  return {
    ...result,
    secrets: result.secrets.map(({ name, where, value, problem }) => ({
      name,
      where,
      ...(value !== undefined && values === 'revealed' ? { value } : {}),
      ...(problem === undefined
        ? {}
        : { problem: { code: problem.code, message: problem.message, details: problem.details, hint: problem.hint } }),
    })),
  };
}

/** 3 when there is one without a value. */
export function secretsExitStatus({ secrets }: SecretsResult): number {
  return secrets.some(({ problem }) => problem !== undefined) ? 3 : 0;
}

/** On one line: what would break it stands in double quotes, escaped. */
function shownValue({ value }: SecretSeen, { paint, values }: { paint: Paint; values: SecretsLook['values'] }): string {
  if (value === undefined) return paint.red('no value');
  if (value === '') return paint.yellow('(empty)');
  if (values === 'masked') return '[secret]';
  return /^\S(?:[^\p{C}]*\S)?$/u.test(value) ? value : JSON.stringify(value);
}
