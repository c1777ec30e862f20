// The web role, with the front server that a real one has (Thruster) on port 80.
//   GET  /up                 200 once it can answer requests; says nothing of the database, as a deploy must not depend on it
//   GET  /                   what serves here, with a session (valkey-sessions) and something cached (valkey-cache)
//   GET  /assets/NAME        a fingerprinted file of asset_path
//   POST /rows?id=ID         writes a row through haproxy; 201 when it is committed
//   POST /jobs?id=ID&count=N&milliseconds=M   enqueues jobs ID-1 … ID-N, each so long; 202 when valkey-queue has acknowledged them
//   GET  /counts             rows; jobs queued, in hand, finished, and started more than once; workers
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { query, makeTables, insist } = require('./lib/database.js');
const { valkey } = require('./lib/valkey.js');

const version = process.env.KAMAL_VERSION ?? 'unknown';
const revision = fs.existsSync('REVISION') ? fs.readFileSync('REVISION', 'utf8').trim() : 'unknown';
const cache = valkey(process.env.VALKEY_CACHE_URL);
const sessions = valkey(process.env.VALKEY_SESSIONS_URL);
const queue = valkey(process.env.VALKEY_QUEUE_URL);
const assets = path.join(__dirname, 'public/assets');

const enqueue = `if redis.call('SET', KEYS[2], 1, 'NX', 'EX', 86400) then
  for _, job in ipairs(ARGV) do redis.call('LPUSH', KEYS[1], job) end
end`;

const routes = {
  'GET /up': () => ({ status: 200, text: 'OK' }),
  'GET /': home,
  'GET /counts': async () => ({ status: 200, json: await counts() }),
  async 'POST /rows'({ id }) {
    // The same row twice is one row, so whoever got no answer may ask again.
    await query('INSERT INTO rows (id, version) VALUES ($1, $2) ON CONFLICT DO NOTHING', [id, version]);
    return { status: 201, text: id };
  },
  async 'POST /jobs'({ id, count = '1', milliseconds = '0' }) {
    const jobs = Array.from({ length: Number(count) }, (_, at) =>
      JSON.stringify({ id: `${id}-${at + 1}`, milliseconds: Number(milliseconds) }),
    );
    // The same id twice is enqueued once, for the same reason.
    await queue.command('EVAL', enqueue, 2, 'queue', `enqueued:${id}`, ...jobs);
    return { status: 202, text: `${jobs.length}` };
  },
};

async function home(_, request) {
  const session = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? Math.random().toString(36).slice(2);
  const [visits] = await Promise.all([
    sessions.command('INCR', `visits:${session}`),
    cache.command('SET', 'home', version, 'EX', '60'),
  ]);
  return {
    status: 200,
    headers: { 'set-cookie': `session=${session}; Path=/; HttpOnly` },
    text: `heatwave ${version}, revision ${revision}, visit ${visits}, ${fs.readdirSync(assets).map((name) => `/assets/${name}`)}`,
  };
}

async function counts() {
  const [[rows], [jobs], queued, workers] = await Promise.all([
    query('SELECT count(*) AS count FROM rows'),
    query(`SELECT (SELECT count(*) FROM finished) AS finished,
      (SELECT count(*) FROM (SELECT FROM attempts GROUP BY job_id HAVING count(*) > 1) AS twice) AS twice`),
    queue.command('LLEN', 'queue'),
    queue.command('SMEMBERS', 'workers'),
  ]);
  const inHand = await Promise.all(workers.map((worker) => queue.command('LLEN', `processing:${worker}`)));
  const states = await Promise.all(workers.map((worker) => queue.command('GET', `worker:${worker}`)));
  return {
    rows: Number(rows.count),
    jobs: {
      queued,
      inHand: inHand.reduce((sum, one) => sum + one, 0),
      finished: Number(jobs.finished),
      startedTwice: Number(jobs.twice),
    },
    workers: Object.fromEntries(workers.map((worker, at) => [worker, states[at] ?? 'gone'])),
  };
}

function asset(name) {
  const file = path.join(assets, path.basename(name));
  if (!fs.existsSync(file)) return { status: 404, text: 'no such asset' };
  return {
    status: 200,
    headers: { 'cache-control': 'public, max-age=31536000, immutable' },
    text: fs.readFileSync(file, 'utf8'),
  };
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://heatwave');
  const route = routes[`${request.method} ${url.pathname}`];
  let answer;
  try {
    if (url.pathname.startsWith('/assets/')) answer = asset(url.pathname);
    else if (route) answer = await route(Object.fromEntries(url.searchParams), request);
    else answer = { status: 404, text: 'not found' };
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    answer = { status: 503, text: error.message };
  }
  response.writeHead(answer.status, {
    'content-type': answer.json ? 'application/json' : 'text/plain',
    ...answer.headers,
  });
  response.end(`${answer.json ? JSON.stringify(answer.json) : answer.text}\n`);
});

server.keepAliveTimeout = 65_000;
server.listen(80, () => console.log(`web ${version} listens on 80`));
insist('making tables', makeTables);
// Answers what is being asked, then goes.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 100);
});
