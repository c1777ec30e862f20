import * as z from 'zod';
import type { Registry, Value } from './config.ts';
import { section, strictText, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';

/** A value, or a list with the name of the secret that holds it. */
const credential = withForm(
  z.custom<string | [string]>(
    (value) => {
      const inner: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
      return strictText.safeParse(inner).success;
    },
    { error: 'this should be text, or a list with the name of one secret, such as [REGISTRY_PASSWORD]' },
  ),
  { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1 }] },
);

export const registrySchema = section({
  server: text.exactOptional(),
  username: credential.exactOptional(),
  password: credential.exactOptional(),
});

export type WrittenRegistry = z.output<typeof registrySchema>;

/** Where images are pushed to and pulled from; an accessory's own registry has a path of its own. */
export function resolveRegistry(written: WrittenRegistry | undefined, path: Path, findings: Findings): Registry {
  if (written === undefined) {
    findings.problem(path, '`registry` is missing: say where the image is pushed to, and the login');
    return {};
  }
  const local = isLocalRegistry(written);
  for (const key of ['username', 'password'] as const) {
    if (written[key] === undefined && !local) findings.problem(path, `\`${path.join('.')}.${key}\` is missing`);
  }
  if (written.server !== undefined && /^https?:\/\/|\/$|\s/.test(written.server)) {
    findings.problem(
      [...path, 'server'],
      'a registry is written as its host name, without `https://` and slash at the end',
    );
  }
  return present({
    server: written.server === '' ? undefined : written.server,
    localPort: local ? Number(/:(\d+)/.exec(written.server ?? '')?.[1] ?? 80) : undefined,
    username: valueOf(written.username),
    password: valueOf(written.password),
  });
}

/** A registry on the deploying machine, which Kamal runs and tunnels to by itself. */
export function isLocalRegistry(written: WrittenRegistry | undefined): boolean {
  return /^localhost(:|$)/.test(written?.server ?? '');
}

function valueOf(written: string | [string] | undefined): Value | undefined {
  return Array.isArray(written) ? { secret: written[0] } : written;
}

export const registrySample = `\
# Where images are pushed to and pulled from.
registry:
  # Without a server: Docker Hub.
  server: registry.example.com
  # Text, or a list with the name of a secret that holds it.
  username: deployer
  password: [REGISTRY_PASSWORD]

# A registry of the app's own, for as long as a deploy takes: a container on this machine, which the servers reach over
# their SSH connection. It needs no login.
x-with-a-local-registry:
  registry:
    server: localhost:5000
`;
