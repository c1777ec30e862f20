/** Google Cloud's Secret Manager through `gcloud`: a name is `[PROJECT/]SECRET[/VERSION]`. */
import type { Failure } from '../../errors.ts';
import type { CreateVault, Found } from './provider.ts';
import { inProgram, jsonOf, oneByOneIfMissing, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'gcloud',
  vault: 'Google Secret Manager',
  install: 'https://cloud.google.com/sdk/docs/install',
  secretVariables: ['CLOUDSDK_AUTH_ACCESS_TOKEN'],
  problems: [
    {
      said: /active account selected|refreshing (your )?(current )?auth|reauthentication|invalid_grant|does not have any valid credentials/i,
      code: 'secret-provider-locked',
      means: 'not logged in',
      hint: 'Log in: gcloud auth login   (in CI, a service account: gcloud auth activate-service-account)',
    },
    {
      said: /failed to find attribute \[project\]|project property is set to|required property \[project\]/i,
      code: 'secret-provider-failed',
      means: 'the project is not known',
      hint: 'Name it: --from PROJECT, PROJECT/SECRET, or gcloud config set project PROJECT.',
    },
    {
      said: /NOT_FOUND|not found or has no versions/,
      code: 'secret-not-found',
      means: 'it has no such secret or version',
      hint: 'See the names with: gcloud secrets list --project PROJECT',
    },
    {
      said: /PERMISSION_DENIED/,
      code: 'secret-not-found',
      means: 'this account may not read it',
      hint: 'It needs the role roles/secretmanager.secretAccessor on the secret, and the project the API secretmanager.googleapis.com.',
    },
  ],
};

export const createGcpSecretManager: CreateVault = (context) => {
  const gcloud = inProgram(program, context);
  return {
    async lookUp(names, { account = 'default' }) {
      const [user = 'default', impersonated] = account.split('|', 2);
      const who = [
        ...(user === 'default' ? [] : [`--account=${user}`]),
        ...(impersonated === undefined ? [] : [`--impersonate-service-account=${impersonated}`]),
      ];
      const access = (name: string): Promise<ReadonlyMap<string, Found | Failure>> =>
        oneByOneIfMissing([name], async () => {
          const { project, secret, version } = partsOf(name);
          const where = [`--secret=${secret}`, ...(project === 'default' ? [] : [`--project=${project}`])];
          const called = `gcloud secrets versions access ${version} ${where.join(' ')}`;
          const args = ['secrets', 'versions', 'access', version, ...where, ...who, '--format=json'];
          const answer = jsonOf(await gcloud(args, { called, env: { CLOUDSDK_CORE_DISABLE_PROMPTS: '1' } }), called);
          const key = project === 'default' ? secret : `${project}/${secret}`;
          return new Map([[name, [[key, valueIn(answer)]]]]);
        });
      // There is no call for several; one first, so that a login that has ended is told once.
      const [first = '', ...more] = names;
      const answers = [await access(first), ...(await Promise.all(more.map(access)))];
      return new Map(answers.flatMap((answer) => [...answer]));
    },
  };
};

function partsOf(name: string): { project: string; secret: string; version: string } {
  const parts = name.split('/');
  const [project = '', secret = '', version = 'latest'] = parts.length === 1 ? ['default', ...parts] : parts;
  return { project, secret, version };
}

/** Base64 with the letters for URLs, which gcloud writes. */
function valueIn(answer: unknown): string {
  const { data } = ((answer as { payload?: unknown } | null)?.payload ?? {}) as { data?: unknown };
  return Buffer.from(typeof data === 'string' ? data : '', 'base64').toString('utf8');
}
