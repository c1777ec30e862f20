// The database as the app sees it: haproxy's write address, a few connections, and the tables.
const { connect } = require('./postgres.js');

const { DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER, POSTGRES_PASSWORD } = process.env;

const idle = [];

/** Runs one statement on a connection of its own; one that was lost is not used again. */
async function query(sql, values) {
  let connection = idle.pop();
  while (connection && !connection.isOpen()) connection = idle.pop();
  connection ??= await connect({
    host: DATABASE_HOST,
    port: Number(DATABASE_PORT),
    user: DATABASE_USER,
    password: POSTGRES_PASSWORD,
    database: DATABASE_NAME,
  });
  try {
    const rows = await connection.query(sql, values);
    if (idle.length < 5) idle.push(connection);
    else connection.end();
    return rows;
  } catch (error) {
    connection.end();
    throw error;
  }
}

/** What the migrations of a real app do. Several containers may start at once. */
async function makeTables() {
  await query(`DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(1);
    CREATE TABLE IF NOT EXISTS rows (id text PRIMARY KEY, version text, written_at timestamptz DEFAULT now());
    CREATE TABLE IF NOT EXISTS attempts (job_id text, worker text, started_at timestamptz DEFAULT now());
    CREATE TABLE IF NOT EXISTS finished (job_id text PRIMARY KEY, worker text, finished_at timestamptz DEFAULT now());
  END $$`);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Until it works: for what must not be lost because the database is away for a moment. */
async function insist(what, act) {
  for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
    try {
      return await act();
    } catch (error) {
      console.log(`${what}: ${error.message}; again in ${wait} ms`);
      await pause(wait);
    }
  }
}

module.exports = { query, makeTables, insist, pause };
