/** AWS Secrets Manager through `aws`; an account is a profile. A secret that is a JSON object counts as one value for each of its keys. */
import { Failure } from '../../errors.ts';
import type { CreateVault, Found } from './provider.ts';
import { inProgram, jsonOf, objectsIn, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'aws',
  vault: 'AWS Secrets Manager',
  install: 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
  secretVariables: ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  problems: [
    {
      said: /sso.*(expired|invalid|login)|token has expired|ExpiredToken/is,
      code: 'secret-provider-locked',
      means: 'the session has expired',
      hint: 'Log in again: aws sso login   (with --profile, if the secrets file gives --account)',
    },
    {
      said: /unable to locate credentials|config profile .* could not be found|InvalidClientToken|UnrecognizedClient|InvalidSignature/i,
      code: 'secret-provider-locked',
      means: 'there are no credentials that it accepts',
      hint: 'aws configure, aws sso login, or AWS_PROFILE; --account is the profile.',
    },
    {
      said: /must specify a region/i,
      code: 'secret-provider-failed',
      means: 'the region is not known',
      hint: 'Set AWS_REGION, or region in the profile.',
    },
    {
      said: /AccessDenied/,
      code: 'secret-not-found',
      means: 'these credentials may not read it',
      hint: 'They need secretsmanager:BatchGetSecretValue, and secretsmanager:GetSecretValue on each secret.',
    },
    {
      said: /invalid choice.*batch-get-secret-value/is,
      code: 'secret-provider-failed',
      means: 'this aws is too old',
      hint: 'Update it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
    },
  ],
};

/** A limit of the service. */
const mostAtOnce = 20;

export const createAwsSecretsManager: CreateVault = (context) => {
  const aws = inProgram(program, context);
  return {
    async lookUp(names, { account }) {
      const profile = account === undefined ? [] : ['--profile', account];
      const call = async (ids: readonly string[]): Promise<readonly (readonly [string, Found | Failure])[]> => {
        const called = 'aws secretsmanager batch-get-secret-value';
        const args = ['secretsmanager', 'batch-get-secret-value', '--secret-id-list', ...ids, '--output', 'json'];
        const answer = jsonOf(await aws([...args, ...profile], { called, env: { AWS_PAGER: '' } }), called);
        return ids.map((id) => [id, valuesOf(id, (answer ?? {}) as Answer)]);
      };
      const chunks = Array.from({ length: Math.ceil(names.length / mostAtOnce) }, (_, index) =>
        names.slice(index * mostAtOnce, (index + 1) * mostAtOnce),
      );
      return new Map((await Promise.all(chunks.map(call))).flat());
    },
  };
};

interface Answer {
  readonly SecretValues?: unknown;
  readonly Errors?: unknown;
}

function valuesOf(id: string, { SecretValues, Errors }: Answer): Found | Failure {
  const secret = objectsIn(SecretValues).find(
    ({ Name, ARN }) => Name === id || (typeof ARN === 'string' && (ARN === id || ARN.startsWith(`${id}-`))),
  );
  if (secret !== undefined) return valuesIn(typeof secret.Name === 'string' ? secret.Name : id, secret);
  const error = objectsIn(Errors).find(({ SecretId }) => SecretId === id);
  const why = typeof error?.Message === 'string' ? error.Message : 'AWS gave no answer for it';
  return new Failure('secret-not-found', `AWS Secrets Manager: ${id}: ${why}`, {
    hint: 'See the names with: aws secretsmanager list-secrets   (each region has its own)',
  });
}

function valuesIn(name: string, { SecretString, SecretBinary }: Readonly<Record<string, unknown>>): Found {
  const text =
    typeof SecretString === 'string'
      ? SecretString
      : Buffer.from(String(SecretBinary ?? ''), 'base64').toString('utf8');
  const parsed = objectOf(text);
  if (parsed === undefined) return [[name, text]];
  return Object.entries(parsed).flatMap(([key, value]) =>
    value === null ? [] : [[`${name}/${key}`, typeof value === 'string' ? value : JSON.stringify(value)] as const],
  );
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const [object] = objectsIn([JSON.parse(text)]);
    return Array.isArray(object) ? undefined : object;
  } catch {
    return undefined;
  }
}
