import { pause } from '../e2e/heatwave.ts';
import { dal, on } from '../e2e/machines.ts';
import type { Fault } from './suite.ts';

/** What is wrong on purpose, by Docker's and the proxy's own commands: a suite that sees no loss here would see none anywhere. */

const proxy = 'docker exec kamal-proxy kamal-proxy';
const current = `$(docker ps -q --filter label=service=chaos --filter label=role=web | head -1)`;

export const withoutRoute: Fault = {
  name: 'control: the route is removed before the new version is started',
  async prepare() {
    await on(dal, `${proxy} remove chaos-web`);
    return async () => undefined;
  },
};

export const withoutDrain: Fault = {
  name: 'control: the old version is killed without draining',
  async strike() {
    await on(dal, `docker kill ${current} >/dev/null`);
  },
};

/** What a run that was stopped would do next, done when another one has finished. */
export const withoutFence: Fault = {
  name: 'control: a run that slept goes on without a fence',
  async strike({ child, again }) {
    child.kill('SIGKILL');
    const ended = await again();
    await on(dal, `id=${current}; docker stop -t 1 $id >/dev/null; sleep 2; docker start $id >/dev/null`);
    await pause(2000);
    return ended;
  },
};
