import { pause } from '../e2e/heatwave.ts';
import { dal, on } from '../e2e/machines.ts';
import type { Moment } from '../e2e/moments.ts';
import { startBadRegistry } from './bad-registry.ts';
import { machines } from './fleet.ts';
import { type Fault, machineIs } from './suite.ts';

/** Twice as long as the lock's lease. */
const twiceTheLeaseMilliseconds = 30_000;

export const killed: Fault = { name: 'kill -9', strike: async ({ child }) => child.kill('SIGKILL') };
export const interrupted: Fault = { name: 'Ctrl-C', strike: async ({ child }) => child.kill('SIGINT') };
export const disconnected: Fault = {
  name: 'SSH connections cut',
  strike: async ({ relays }) => relays.forEach((relay) => relay.cut()),
};

/** The second run, which takes over, is the repetition; the first one goes on when that has ended. */
export const stopped: Fault = {
  name: 'SIGSTOP for twice the lease',
  async strike({ child, again }) {
    child.kill('SIGSTOP');
    const [ended] = await Promise.all([again(), pause(twiceTheLeaseMilliseconds)]);
    child.kill('SIGCONT');
    return ended;
  },
};

export const engineRestarted: Fault = {
  name: "dal-01's engine restarts",
  kills: [dal],
  killsWorker: true,
  strike: () =>
    on(dal, 'service docker restart >/dev/null 2>&1; until docker info >/dev/null 2>&1; do sleep 0.2; done'),
};

export const frozen: Fault = {
  name: 'dal-01 stops answering for 40 s',
  kills: [dal],
  killsWorker: true,
  async strike() {
    await machineIs('pause', dal);
    try {
      await pause(40_000);
    } finally {
      await machineIs('unpause', dal);
    }
  },
};

export const proxyKilled: Fault = {
  name: "dal-01's proxy is killed",
  kills: [dal],
  strike: () => on(dal, `kill -9 $(docker inspect --format '{{.State.Pid}}' kamal-proxy)`),
};

/** Where the engine keeps what it downloads. */
export const diskFull: Fault = {
  name: 'disk full during the pull',
  async prepare() {
    const where = '/var/lib/docker/tmp';
    await everywhere(`mkdir -p ${where} && mount -t tmpfs -o size=64k tmpfs ${where}`);
    return () => everywhere(`umount ${where}`);
  },
};

/** Milliseconds after which the engine, a Go program, has read /etc/hosts anew (`cacheMaxAge` in Go's net/hosts.go). */
const knownNames = 6000;

export const registryAnswers = (how: 401 | 429 | 'half'): Fault => ({
  name: how === 'half' ? 'the registry stops half way' : `the registry answers ${how}`,
  async prepare() {
    const registry = await startBadRegistry(how);
    await everywhere(`echo "${registry.address} registry.test # chaos" >>/etc/hosts`);
    await pause(knownNames);
    return async () => {
      await everywhere(`sed '/chaos$/d' /etc/hosts >/tmp/hosts && cat /tmp/hosts >/etc/hosts`);
      await pause(knownNames);
      registry.stop();
    };
  },
});

/** What scripts on the machine are told; the kernel's clock is the same for all of this box. */
export const clockAhead = (then: Fault): Fault => ({
  ...then,
  name: `dal-01's clock is 10 minutes ahead, and ${then.name}`,
  async prepare() {
    const date = `#!/bin/sh\n# 10 minutes ahead\nexec /bin/date -d '+10 minutes' "$@"\n`;
    await on(
      dal,
      `printf '%s' "${date.replaceAll('"', '\\"').replaceAll('$', '\\$')}" >/usr/local/bin/date && chmod 755 /usr/local/bin/date`,
    );
    return async () => void (await on(dal, 'rm -f /usr/local/bin/date'));
  },
});

export const nothing: Fault = { name: 'nothing else' };

const everywhere = async (script: string): Promise<void> => {
  await Promise.all(machines.map((machine) => on(machine, script)));
};

/** For what was prepared before the run: its lock is watched from here. */
export const fromTheStart: Moment = { when: 'from the start', is: ({ type }) => type === 'plan-started' };

/** A while into a step, where what it waits for is under way. */
export function after(milliseconds: number, fault: Fault): Fault {
  const { strike } = fault;
  if (strike === undefined) return fault;
  return {
    ...fault,
    async strike(hands) {
      await pause(milliseconds);
      return strike(hands);
    },
  };
}
