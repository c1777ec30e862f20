// Tells HAProxy which PostgreSQL takes writes: 200 on the primary, 503 on a standby and when it cannot be asked.
//   GET /      200 for the primary, else 503
//   GET /live  200 as long as this program runs
// The body says more: {"role":"primary","timeline":2}.
const http = require('node:http');
const { connect } = require('./lib/postgres.js');

const { PGHOST, PGPORT = '5432', PGUSER = 'health_check', PGDATABASE = 'postgres', PGPASSWORD } = process.env;

// Two checks a second must not open two connections a second; nor may one that hangs hold up the next.
let connection;
let asking;

function state() {
  asking ??= ask().finally(() => (asking = undefined));
  return asking;
}

async function ask() {
  try {
    connection ??= await connect({
      host: PGHOST,
      port: Number(PGPORT),
      user: PGUSER,
      password: PGPASSWORD,
      database: PGDATABASE,
      timeoutMilliseconds: 2000,
    });
    const [row] = await connection.query(
      `SELECT pg_is_in_recovery() AS standby,
              CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline`,
    );
    if (row.standby === 't') return { role: 'standby' };
    return { role: 'primary', timeline: parseInt(row.timeline, 16) };
  } catch (error) {
    connection?.end();
    connection = undefined;
    return { role: 'unknown', reason: error.message };
  }
}

let last = '';

const server = http.createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json');
  if (request.url === '/live') return response.end('{}\n');
  const answer = await state();
  const said = JSON.stringify(answer);
  if (said !== last) console.log(said);
  last = said;
  response.statusCode = answer.role === 'primary' ? 200 : 503;
  response.end(`${said}\n`);
});

server.listen(8008, () => console.log(`asking ${PGHOST}:${PGPORT}; listening on 8008`));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
