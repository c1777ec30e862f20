/** Processor time this process has used, in milliseconds: on a busy box the clock says more of its neighbours than of the code. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
