import type * as z from 'zod';
import type { SmokeCheck } from './config-phases.ts';
import { integer, listOf, section, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';
import { resolveWords } from './words.ts';

const check = section({
  path: text.exactOptional(),
  host: text.exactOptional(),
  status: integer({ from: 100, to: 599 }).exactOptional(),
  cmd: text.exactOptional(),
  timeout: integer({ from: 1 }).exactOptional(),
});

/** Longshore's own key, at the root and of a role. */
export const smokeSchema = listOf(check);

type WrittenSmoke = z.output<typeof smokeSchema>;

export function smokeOfRoot(written: WrittenSmoke | undefined, findings: Findings): SmokeCheck[] {
  return resolveSmoke(written, ['smoke'], findings);
}

/** A role's own checks, else the root's where it gets traffic. */
export function smokeOf(role: {
  name: string;
  written: WrittenSmoke | undefined;
  isProxied: boolean;
  ofRoot: readonly SmokeCheck[];
  findings: Findings;
}): readonly SmokeCheck[] {
  const { name, written, isProxied, ofRoot, findings } = role;
  if (written === undefined) return isProxied ? ofRoot : [];
  const path = ['servers', name, 'smoke'];
  const checks = resolveSmoke(written, path, findings);
  const index = written.findIndex((check) => check.path !== undefined);
  if (!isProxied && index !== -1) {
    findings.problem([...path, index, 'path'], `${name} gets no traffic, so nothing can be requested: say \`cmd\``);
  }
  return checks;
}

function resolveSmoke(written: WrittenSmoke | undefined, path: Path, findings: Findings): SmokeCheck[] {
  return (written ?? []).flatMap((one, index): SmokeCheck[] => {
    const at = [...path, index];
    const { path: asked, host, status, cmd, timeout: timeoutSeconds = 30 } = one;
    if ((asked === undefined) === (cmd === undefined)) {
      findings.problem(at, 'a check is a request (`path`) or a command (`cmd`), one of the two');
      return [];
    }
    if (cmd !== undefined) {
      if (host !== undefined || status !== undefined) findings.problem(at, '`host` and `status` are of a request');
      return [{ kind: 'command', words: resolveWords(cmd, [...at, 'cmd'], findings), timeoutSeconds }];
    }
    if (!/^\/[^\s\p{C}]*$/u.test(asked ?? '')) {
      findings.problem([...at, 'path'], 'a path starts with a slash and has no spaces');
    }
    if (host !== undefined && !/^[\w.-]+(:\d+)?$/.test(host)) findings.problem([...at, 'host'], 'this is no host name');
    return [present({ kind: 'request' as const, path: asked ?? '/', host, status, timeoutSeconds })];
  });
}

export const smokeSample = `\
# Longshore's own (under x-longshore in a file that Kamal reads too): what the new version has to answer on each machine
# after the swap, before the old one is stopped. One that fails is a failed deploy. Of every role that gets traffic;
# a role's own \`smoke\` stands instead of it, and that of a role without traffic has commands only.
smoke:
  # A request through the proxy, made on the machine itself.
  - path: /login
    # If not said, the first of the route's hosts.
    host: shop.example.com
    # If not said, any from 200 to 299.
    status: 200
    # Seconds.
    timeout: 30
  # A command in the new container, which has to end with 0.
  - cmd: bin/check --quick
`;
