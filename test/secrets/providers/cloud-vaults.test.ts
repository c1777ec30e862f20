/** AWS, Google, Doppler and Bitwarden Secrets Manager: services with access tokens of their own. */
import { describe, expect, it } from 'vitest';
import { told } from '../project.ts';
import { fails, says, stubbed } from './stub.ts';

describe('AWS Secrets Manager', () => {
  const value = (Name: string, SecretString: string) => ({
    ARN: `arn:aws:secretsmanager:eu:1:secret:${Name}-AbCdEf`,
    Name,
    SecretString,
  });
  const db = value('prod/db', '{"USER":"me","PASSWORD":"pa$s","PORT":5432,"NONE":null}');
  const answer = (SecretValues: unknown[], Errors: unknown[] = []) => says({ SecretValues, Errors });
  const script = `case "$*" in
  *--profile\\ expired) ${fails('Error when retrieving token from sso: Token has expired and refresh failed', 255)} ;;
  *--profile\\ none) ${fails('The config profile (none) could not be found', 255)} ;;
  *--profile\\ busy) ${fails('An error occurred (ThrottlingException) when calling the BatchGetSecretValue operation: Rate exceeded', 254)} ;;
  *--profile\\ offline) ${fails('Could not connect to the endpoint URL: "https://secretsmanager.eu.amazonaws.com/"', 255)} ;;
  'secretsmanager batch-get-secret-value --secret-id-list prod/db --output json'*) ${answer([db])} ;;
  *' prod/db prod/key prod/list '*) ${answer([value('prod/key', 'not JSON'), db, value('prod/list', '[1]')])} ;;
  *' prod/db prod/none '*) ${answer([db], [{ SecretId: 'prod/none', ErrorCode: 'ResourceNotFoundException', Message: "Secrets Manager can't find the specified secret." }])} ;;
  *' s0 '*) ${answer(Array.from({ length: 20 }, (_, index) => value(`s${index}`, `v${index}`)))} ;;
  *' s20 '*) ${answer(Array.from({ length: 5 }, (_, index) => value(`s${index + 20}`, `v${index + 20}`)))} ;;
  *) exit 9 ;;
esac`;
  const aws = () => stubbed({ adapter: 'aws_secrets_manager', program: 'aws', script });

  it('gives the keys of a JSON object, and anything else as it is', async () => {
    const { fetch, calls } = aws();
    await expect(fetch('--from prod db key list --account shop')).resolves.toEqual({
      'prod/db/USER': 'me',
      'prod/db/PASSWORD': 'pa$s',
      'prod/db/PORT': '5432',
      'prod/key': 'not JSON',
      'prod/list': '[1]',
    });
    expect(calls()).toEqual([
      'secretsmanager batch-get-secret-value --secret-id-list prod/db prod/key prod/list --output json --profile shop',
    ]);
  });

  it('needs no account, and asks for twenty at a time', async () => {
    const { fetch, calls } = aws();
    const names = Array.from({ length: 25 }, (_, index) => `s${index}`);
    expect(await fetch(names.join(' '))).toMatchObject({ s0: 'v0', s24: 'v24' });
    expect(calls()).toHaveLength(2);
  });

  it.each([
    [
      'prod/db prod/none',
      'secret-not-found',
      "AWS Secrets Manager: prod/none: Secrets Manager can't find the specified secret.",
    ],
    ['x --account expired', 'secret-provider-locked', 'the session has expired'],
    ['x --account none', 'secret-provider-locked', 'there are no credentials that it accepts'],
    ['x --account busy', 'secret-provider-limited', 'too many requests'],
    ['x --account offline', 'secret-provider-unreachable', 'cannot be reached'],
  ])('explains what is wrong with %s', async (rest, code, said) => {
    const failure = await aws().refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
  });
});

describe('Google Secret Manager', () => {
  const payload = (text: string) => ({
    name: 'projects/1/secrets/x/versions/1',
    payload: { data: Buffer.from(text).toString('base64url'), dataCrc32c: '1' },
  });
  const script = `test "$CLOUDSDK_CORE_DISABLE_PROMPTS" = 1 || exit 8
case "$*" in
  'secrets versions access latest --secret=KEY --format=json') ${says(payload('pa$s?>~ü'))} ;;
  'secrets versions access latest --secret=KEY --project=shop --format=json') ${says(payload('of shop'))} ;;
  'secrets versions access 3 --secret=KEY --project=shop --account=me@b.c --impersonate-service-account=sa@b.c,sb@b.c --format=json') ${says(payload('three'))} ;;
  *--secret=DENIED*) ${fails("ERROR: (gcloud.secrets.versions.access) PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied on resource")} ;;
  *--account=out@b.c*) ${fails('ERROR: (gcloud.secrets.versions.access) You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login')} ;;
  *) ${fails('ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [projects/1/secrets/NONE] not found or has no versions.')} ;;
esac`;
  const gcp = () => stubbed({ adapter: 'gcp', program: 'gcloud', script });

  it.each([
    ['KEY --account default', { KEY: 'pa$s?>~ü' }],
    ['default/KEY/latest --account default', { KEY: 'pa$s?>~ü' }],
    ['--from shop KEY --account default', { 'shop/KEY': 'of shop' }],
    ["--from shop KEY/3 --account 'me@b.c|sa@b.c,sb@b.c'", { 'shop/KEY': 'three' }],
  ])('fetch %s', async (rest, values) => {
    await expect(gcp().fetch(rest)).resolves.toEqual(values);
  });

  it.each([
    ['NONE --account default', 'secret-not-found', 'no such secret or version'],
    ['DENIED --account default', 'secret-not-found', 'this account may not read it'],
    ['KEY --account out@b.c', 'secret-provider-locked', 'not logged in'],
    ['KEY', 'secrets-invalid', 'from Google Secret Manager needs --account'],
  ])('explains what is wrong with %s', async (rest, code, said) => {
    const failure = await gcp().refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
  });
});

describe('Doppler', () => {
  const answer = (values: Record<string, string | null>) =>
    says(
      Object.fromEntries(
        Object.entries(values).map(([name, computed]) => [
          name,
          { computed, computedVisibility: 'unmasked', note: '' },
        ]),
      ),
    );
  const script = `case "$*" in
  'login --yes') touch "$HOME/logged-in"; exit ;;
esac
test -n "$DOPPLER_TOKEN" || test -f "$HOME/logged-in" || { ${fails('Doppler Error: you must provide a token')}; }
case "$*" in
  'secrets get A B --json -p shop -c prd'|'secrets get A B --json') ${answer({ A: 'on$e', B: 'two' })} ;;
  'secrets get C --json -p shop -c stg') ${answer({ C: 'three' })} ;;
  'secrets get R --json') ${answer({ R: null })} ;;
  *) ${fails('Unable to fetch secrets\nDoppler Error: Could not find requested secret: NONE')} ;;
esac`;
  const doppler = (token = 'dp.pt.t0ken', more: { answer?: string } = {}) =>
    stubbed({
      adapter: 'doppler',
      program: 'doppler',
      script,
      env: token === '' ? {} : { DOPPLER_TOKEN: token },
      ...more,
    });

  it('gives values by name, one call for each config', async () => {
    const { fetch, calls } = doppler();
    await expect(fetch('--from shop/prd A B')).resolves.toEqual({ A: 'on$e', B: 'two' });
    await expect(fetch('shop/prd/A shop/stg/C shop/prd/B')).resolves.toEqual({ A: 'on$e', B: 'two', C: 'three' });
    expect(calls()).toEqual([
      'secrets get A B --json -p shop -c prd',
      'secrets get A B --json -p shop -c prd',
      'secrets get C --json -p shop -c stg',
    ]);
  });

  it('takes project and config from a service token', async () => {
    await expect(doppler('dp.st.prd.x').fetch('A B')).resolves.toEqual({ A: 'on$e', B: 'two' });
  });

  it('logs in on the terminal', async () => {
    const { fetch, calls } = doppler('', { answer: '' });
    await expect(fetch('--from shop/prd A B')).resolves.toEqual({ A: 'on$e', B: 'two' });
    expect(calls()[1]).toBe('login --yes');
  });

  it.each([
    ['dp.pt.x', 'A', 'secrets-invalid', 'needs project and config for A'],
    ['', '--from shop/prd A', 'secret-provider-locked', 'Doppler: not logged in'],
    ['dp.pt.x', '--from shop/prd NONE', 'secret-not-found', 'Doppler: it has no such secret, project or config'],
    ['dp.st.x', 'R', 'secret-not-found', 'Doppler does not give R'],
  ])('explains, with the token "%s", what is wrong with %s', async (token, rest, code, said) => {
    const failure = await doppler(token).refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
  });
});

describe('Bitwarden Secrets Manager', () => {
  const ids = [1, 2].map((one) => `0000000${one}-aaaa-bbbb-cccc-000000000000`);
  const secrets = [
    { id: ids[0], key: 'KEY', value: 'pa$s\nword' },
    { id: ids[1], key: 'TOKEN', value: 'two' },
  ];
  const script = `test -n "$BWS_ACCESS_TOKEN" || { ${fails('Error: \n   0: Missing access token')}; }
test "$BWS_ACCESS_TOKEN" = busy && { ${fails('Error: \n   0: Received error message from server: [429 Too Many Requests] {"message":"Slow down! Too many requests. Try again in 1s."}')}; }
case "$*" in
  'secret get ${ids[0]} --output json --color no') ${says(secrets[0])} ;;
  'secret list --output json --color no') ${says(secrets)} ;;
  'secret list project --output json --color no') ${says([secrets[1]])} ;;
  *) ${fails('Error: \n   0: Received error message from server: [404 Not Found] {"message":"Resource not found."}')} ;;
esac`;
  const bws = (token = 't0ken') =>
    stubbed({ adapter: 'bitwarden-sm', program: 'bws', script, env: token === '' ? {} : { BWS_ACCESS_TOKEN: token } });

  it.each([
    ['all', { KEY: 'pa$s\nword', TOKEN: 'two' }],
    ['--from project all', { TOKEN: 'two' }],
    [`${ids[0]}`, { KEY: 'pa$s\nword' }],
    [ids.join(' '), { KEY: 'pa$s\nword', TOKEN: 'two' }],
    ['TOKEN', { TOKEN: 'two' }],
  ])('fetch %s is one call', async (rest, values) => {
    const { fetch, calls } = bws();
    await expect(fetch(rest)).resolves.toEqual(values);
    expect(calls()).toHaveLength(1);
  });

  it.each([
    ['', 'all', 'secret-provider-locked', 'the access token is missing or not accepted'],
    ['busy', 'all', 'secret-provider-limited', 'too many requests'],
    ['t0ken', 'nowhere/all', 'secret-not-found', 'no such secret or project'],
    ['t0ken', 'NONE', 'secret-not-found', 'has no secret NONE'],
    ['t0ken', '', 'secrets-invalid', 'from Bitwarden Secrets Manager needs names'],
  ])('explains, with the token "%s", what is wrong with "%s"', async (token, rest, code, said) => {
    const failure = await bws(token).refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
    expect(told(failure)).not.toContain('t0ken');
  });
});
