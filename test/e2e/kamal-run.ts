import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sandbox } from './harness.ts';
import { type Machine, on } from './machines.ts';

export interface Remade {
  readonly role: string;
  readonly version: string;
  readonly clear: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly options?: readonly (readonly [string, string])[];
}

/** Removes a container and runs it again as Kamal 2.12 would: its words through the machine's login shell, with the env file there. */
export async function remakeAsKamal(
  machine: Machine,
  { role, version, clear, labels, options = [] }: Remade,
): Promise<void> {
  const name = `small-${role}-${version}`;
  const argument = (option: string, [key, value]: [string, string]) =>
    value.trim() === '' ? `--${option} ${key}` : `--${option} ${key}=${escapeShellValue(value)}`;
  const words = [
    `docker run --detach --restart unless-stopped --name ${name} --network kamal`,
    `--env KAMAL_CONTAINER_NAME="${name}" --env KAMAL_VERSION="${version}" --env KAMAL_HOST="${machine.address}"`,
    ...Object.entries(clear).map((entry) => argument('env', entry)),
    `--env-file .kamal/apps/small/env/roles/${role}.env --log-opt max-size="10m"`,
    ...Object.entries({ service: 'small', role, destination: '', ...labels }).map((entry) => argument('label', entry)),
    ...(role === 'worker' ? ['--expose "9999"'] : []),
    ...options.map(([name, value]) => `--${name} ${escapeShellValue(value)}`),
    `registry.test:5000/small:${version}`,
    ...(role === 'worker' ? ['worker'] : []),
  ].join(' ');
  const ssh = (command: string) =>
    promisify(execFile)('ssh', ['-F', sandbox['SANDBOX_SSH_CONFIG'] ?? '', machine.loopback, command]);
  await on(machine, `docker rm -f ${name}`);
  const { stdout } = await ssh(`/usr/bin/env ${words}`);
  if (role !== 'web') return;
  const target = `${stdout.trim().slice(0, 12)}:3000`;
  await ssh(
    `docker exec kamal-proxy kamal-proxy deploy small-web --target="${target}" --host="small.test" --deploy-timeout="3s" --drain-timeout="5s" --health-check-interval="1s" --buffer-requests --buffer-responses --log-request-header="Cache-Control" --log-request-header="Last-Modified" --log-request-header="User-Agent"`,
  );
}

/** Kamal's `Utils.escape_shell_value`: Ruby's `dump` of what is ASCII, and no shell but for `${…}`. */
function escapeShellValue(value: string): string {
  const dump = (part: string) =>
    `"${part.replaceAll(/["\\]|#(?=[${@])|\p{Cc}/gu, (char) => {
      if ('"\\#'.includes(char)) return `\\${char}`;
      const short = { '\n': 'n', '\r': 'r', '\t': 't', '\f': 'f', '\v': 'v', '\b': 'b', '\x07': 'a', '\x1b': 'e' }[
        char
      ];
      return `\\${short ?? `x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`}`;
    })}"`;
  const ascii = (part: string) =>
    dump(part)
      .replaceAll('`', '\\`')
      .replaceAll(/\$(?!\{[^}]*\})/g, '\\$');
  return (value.match(/[\0-\x7f]+|[^\0-\x7f]+/g) ?? []).map((part) => (part < '\x80' ? ascii(part) : part)).join('');
}
