import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';
import { runScript } from './run-script.ts';

const installSeconds = 900;
/** Lines with this before them say what was done; the others are the package manager's. */
const done = 'longshore: ';

/** Installs the distribution's own package, starts the engine and lets the login user use it. @returns what was done */
export async function installDocker(connection: Connection, onLine: (line: string) => void): Promise<string[]> {
  const report: string[] = [];
  const output: string[] = [];
  const exitStatus = await runScript(connection, {
    name: 'install-docker',
    script: installScript,
    env: {},
    secretEnv: {},
    timeoutSeconds: installSeconds,
    signal: new AbortController().signal,
    onLine(line) {
      output.push(line);
      if (line.startsWith(done)) report.push(line.slice(done.length));
      onLine(line.startsWith(done) ? line.slice(done.length) : line);
    },
  });
  if (exitStatus === 0) return report;
  throw new Failure(
    'host-without-docker',
    `${connection.name}: Docker could not be installed (exit status ${exitStatus}).`,
    {
      details: output.slice(-10),
      hint: `Install Docker on ${connection.name} by hand, then run longshore setup again.`,
    },
  );
}

const installScript = `#!/bin/sh
set -u
PATH=$PATH:/usr/sbin:/sbin
did() { echo "${done}$*"; }
if [ "$(id -u)" = 0 ]; then root=
elif sudo -n true 2>/dev/null; then root='sudo -n'
else root=none
fi
need_root() {
  [ "$root" != none ] && return
  echo "$(id -un) may not become root by sudo without a password, which is needed to $1" >&2
  exit 1
}
installed() { command -v dockerd >/dev/null 2>&1; }
answers() { $root docker version >/dev/null 2>&1; }

if ! command -v docker >/dev/null 2>&1 || { ! installed && ! docker version >/dev/null 2>&1; }; then
  need_root 'install Docker'
  if command -v apt-get >/dev/null 2>&1; then
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
      $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install docker.io || exit 1
    # Newer Debians keep the client in a package of its own.
    command -v docker >/dev/null 2>&1 ||
      $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install docker-cli || exit 1
  elif command -v dnf >/dev/null 2>&1; then
    $root dnf -q -y install docker || $root dnf -q -y install moby-engine || exit 1
  elif command -v apk >/dev/null 2>&1; then
    $root apk add --quiet docker && { $root rc-update add docker default || true; } || exit 1
  else
    echo 'no package manager that is known here (apt-get, dnf, apk)' >&2
    exit 1
  fi
  did "installed Docker from the distribution's packages"
fi

[ "$root" = none ] && root=
if ! answers && [ "$root" = '' ] && [ "$(id -u)" != 0 ]; then root=none; need_root 'start Docker'; fi
if ! answers; then
  if [ -d /run/systemd/system ]; then $root systemctl enable --now docker
  elif command -v rc-service >/dev/null 2>&1; then $root rc-service docker start
  else $root service docker start
  fi
  waited=0
  until answers; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then echo 'the engine does not answer after its start' >&2; exit 1; fi
    sleep 1
  done
  did 'started the Docker engine'
fi

user=$(id -un)
if [ "$(id -u)" != 0 ] && ! id -nG "$user" | tr ' ' '\\n' | grep -qx docker; then
  if getent group docker >/dev/null 2>&1 || grep -q '^docker:' /etc/group; then
    need_root "add $user to the group docker"
    if command -v usermod >/dev/null 2>&1; then $root usermod -aG docker "$user"; else $root addgroup "$user" docker; fi || exit 1
    did "added $user to the group docker"
  fi
fi
exit 0
`;
