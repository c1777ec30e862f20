// The sidekiq role: one process, one job at a time. TSTP quiets it: it takes no new job and finishes the one in hand, for good, as
// Sidekiq does. TERM does the same and then ends. A job is moved to a list of the worker's own while it is in hand, and leaves
// that only when its work is committed, so a job in the hands of a worker that was killed is found there by the others.
const database = require('./lib/database.js');
const { valkey } = require('./lib/valkey.js');

const { query, makeTables, pause } = database;
const version = process.env.KAMAL_VERSION ?? 'unknown';
const me = `${process.env.KAMAL_CONTAINER_NAME ?? 'worker'}:${Date.now().toString(36)}`;
const mine = `processing:${me}`;
const queue = valkey(process.env.VALKEY_QUEUE_URL);
// Waiting for a job holds up whatever is sent on the same connection.
const fetching = valkey(process.env.VALKEY_QUEUE_URL);

let state = 'working';
let hasBegun = false;
let endsBy;
let inHand;
/** Workers without a sign of life, and since when; a restart of valkey-queue must not make everybody look dead. */
const missing = new Map();

async function main() {
  await insist('making tables', makeTables);
  await insist('signing in', signOfLife);
  hasBegun = true;
  console.log(`worker ${version} takes jobs as ${me}`);
  const beating = setInterval(() => signOfLife().then(bringBackJobsOfTheDead).catch(complain), 3000);
  while (state === 'working') await takeOne();
  console.log(`worker ${version} is quiet`);
  while (state !== 'ending') await pause(50);
  clearInterval(beating);
  await insist('signing out', () => queue.command('SREM', 'workers', me));
  await insist('signing out', () => queue.command('DEL', `worker:${me}`));
  console.log(`worker ${version} ends`);
  process.exit(0);
}

/**
 * Until it works; but one that is to end waits 3 s at most for what is away, as all is when the machine is switched off: killed there, it
 * would not be started again with the others. What it leaves is found as after a kill.
 */
function insist(what, act) {
  return database.insist(what, async () => {
    try {
      return await act();
    } catch (error) {
      if (endsBy === undefined || Date.now() < endsBy) throw error;
      console.error(`${what}: ${error.message}; worker ${version} ends all the same`);
      process.exit(1);
    }
  });
}

async function takeOne() {
  let job;
  try {
    job = await fetching.command('BLMOVE', 'queue', mine, 'RIGHT', 'LEFT', '1');
  } catch (error) {
    complain(error);
    await pause(500);
    // A job may have been moved although the answer was lost.
    await insist('looking after the loss', () => putBack(mine));
  }
  if (job === null || job === undefined) return;
  inHand = JSON.parse(job);
  await insist(`job ${inHand.id}`, () =>
    query('INSERT INTO attempts (job_id, worker) VALUES ($1, $2)', [inHand.id, me]),
  );
  await pause(inHand.milliseconds);
  await insist(`job ${inHand.id}`, () =>
    query('INSERT INTO finished (job_id, worker) VALUES ($1, $2) ON CONFLICT DO NOTHING', [inHand.id, me]),
  );
  await insist(`job ${inHand.id}`, () => queue.command('LREM', mine, '1', job));
  inHand = undefined;
}

async function signOfLife() {
  await queue.command('SADD', 'workers', me);
  await queue.command(
    'SET',
    `worker:${me}`,
    state === 'working' ? 'working' : inHand ? 'quiet, one in hand' : 'quiet',
    'EX',
    '15',
  );
}

/** Jobs of workers that gave no sign of life for 15 s, and for 10 s since this one looks, go to the head of the queue. */
async function bringBackJobsOfTheDead() {
  for (const worker of await queue.command('SMEMBERS', 'workers')) {
    if (worker === me || (await queue.command('EXISTS', `worker:${worker}`))) {
      missing.delete(worker);
      continue;
    }
    if (!missing.has(worker)) missing.set(worker, Date.now());
    if (Date.now() - missing.get(worker) < 10_000) continue;
    const count = await putBack(`processing:${worker}`);
    await queue.command('SREM', 'workers', worker);
    missing.delete(worker);
    console.log(`${worker} is gone; ${count} of its jobs are in the queue again`);
  }
}

async function putBack(list) {
  let count = 0;
  while (await queue.command('LMOVE', list, 'queue', 'RIGHT', 'RIGHT')) count += 1;
  return count;
}

function complain(error) {
  console.error(`valkey-queue: ${error.message}`);
}

process.on('SIGTSTP', () => {
  if (state === 'working') state = 'quiet';
  signOfLife().catch(complain);
});
process.on('SIGTERM', () => {
  if (!hasBegun) process.exit(0);
  state = 'ending';
  endsBy = Date.now() + 3000;
});
main();
