// One connection to PostgreSQL: the part of its protocol (version 3) that this stack needs, and nothing to install.
const crypto = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');

/**
 * @param {{host: string, port: number, user: string, password: string, database: string, timeoutMilliseconds?: number}} options
 * @returns {Promise<{query: (text: string, values?: unknown[]) => Promise<Record<string, string | null>[]>, end: () => void, isOpen: () => boolean}>}
 */
async function connect({ host, port, user, password, database, timeoutMilliseconds = 5000 }) {
  const socket = net.connect({ host, port, noDelay: true });
  const messages = reader(socket, timeoutMilliseconds);
  const send = (type, ...parts) => socket.write(message(type, Buffer.concat(parts)));
  await once(socket, 'connect');
  socket.write(message('', Buffer.concat([int32(196608), ...['user', user, 'database', database, ''].map(text)])));
  await authenticate({ messages, send, password });
  await untilReady(messages);
  let last = Promise.resolve();
  return {
    query(sql, values = []) {
      // One at a time: the server answers in order.
      const result = last.then(() => run({ messages, send }, sql, values));
      last = result.catch(() => {});
      return result;
    },
    end() {
      if (socket.writable) send('X');
      socket.end();
    },
    isOpen: () => socket.readyState === 'open',
  };
}

async function authenticate({ messages, send, password }) {
  let scram;
  for (;;) {
    const { type, body } = await messages.next();
    if (type === 'E') throw serverError(body);
    if (type !== 'R') throw new Error(`PostgreSQL said ${type} while signing in`);
    const kind = body.readInt32BE(0);
    if (kind === 0) return;
    if (kind === 10) {
      scram = startScram(password);
      send('p', text('SCRAM-SHA-256'), int32(scram.first.length), Buffer.from(scram.first));
    } else if (kind === 11 && scram !== undefined) {
      send('p', Buffer.from(scram.answer(body.toString('utf8', 4))));
    } else if (kind === 12 && scram !== undefined) {
      if (!scram.isSignedBy(body.toString('utf8', 4)))
        throw new Error('this is not the PostgreSQL that knows the password');
    } else {
      throw new Error(`PostgreSQL wants to sign in in a way (${kind}) that this client does not know`);
    }
  }
}

/** RFC 5802 and 7677, without channel binding. */
function startScram(password) {
  const hmac = (key, data) => crypto.createHmac('sha256', key).update(data).digest();
  const bare = `n=,r=${crypto.randomBytes(18).toString('base64')}`;
  let signature;
  return {
    first: `n,,${bare}`,
    answer(challenge) {
      const {
        r: nonce,
        s: salt,
        i: rounds,
      } = Object.fromEntries(challenge.split(',').map((part) => [part[0], part.slice(2)]));
      const salted = crypto.pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const signed = `${bare},${challenge},c=biws,r=${nonce}`;
      const proof = hmac(crypto.createHash('sha256').update(clientKey).digest(), signed).map(
        (byte, at) => byte ^ clientKey[at],
      );
      signature = hmac(hmac(salted, 'Server Key'), signed).toString('base64');
      return `c=biws,r=${nonce},p=${proof.toString('base64')}`;
    },
    isSignedBy: (end) => end === `v=${signature}`,
  };
}

/** Values travel beside the text, never in it. */
async function run({ messages, send }, sql, values) {
  const parameters = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(String(value));
    return [int32(bytes.length), bytes];
  });
  send('P', text(''), text(sql), int16(0));
  send('B', text(''), text(''), int16(0), int16(values.length), ...parameters, int16(0));
  send('D', Buffer.from('P'), text(''));
  send('E', text(''), int32(0));
  send('S');
  let names = [];
  const rows = [];
  await untilReady(messages, ({ type, body }) => {
    if (type === 'T') names = columnNames(body);
    if (type === 'D') rows.push(Object.fromEntries(columns(body).map((value, at) => [names[at], value])));
  });
  return rows;
}

/** Takes what comes until the server waits for the next question; what went wrong is thrown then. */
async function untilReady(messages, take = () => {}) {
  let problem;
  for (;;) {
    const one = await messages.next();
    if (one.type === 'Z') break;
    if (one.type === 'E') {
      problem = serverError(one.body);
      // After this it hangs up and is never ready again.
      if (problem.severity !== 'ERROR') throw problem;
    } else take(one);
  }
  if (problem) throw problem;
}

function reader(socket, timeoutMilliseconds) {
  let buffer = Buffer.alloc(0);
  let failure;
  const come = [];
  const waiting = [];
  const fail = (error) => {
    failure ??= error;
    for (const one of waiting.splice(0)) one.reject(failure);
  };
  socket.setTimeout(timeoutMilliseconds, () => {
    if (socket.connecting || waiting.length > 0)
      socket.destroy(new Error(`PostgreSQL did not answer within ${timeoutMilliseconds / 1000} s`));
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the connection to PostgreSQL was closed')));
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 5 && buffer.length > buffer.readInt32BE(1)) {
      const end = buffer.readInt32BE(1) + 1;
      const one = { type: String.fromCharCode(buffer[0]), body: buffer.subarray(5, end) };
      buffer = buffer.subarray(end);
      // Notices, settings and the key for cancelling.
      if ('NSK'.includes(one.type)) continue;
      const taker = waiting.shift();
      if (taker) taker.resolve(one);
      else come.push(one);
    }
  });
  return {
    next() {
      const one = come.shift();
      if (one) return Promise.resolve(one);
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
  };
}

function serverError(body) {
  const fields = Object.fromEntries(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return Object.assign(new Error(`PostgreSQL: ${fields.M} (${fields.C})`), {
    code: fields.C,
    severity: fields.V ?? fields.S,
  });
}

function columnNames(body) {
  const names = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 19;
  }
  return names;
}

function columns(body) {
  const values = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}

const int16 = (value) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value) => Buffer.from(`${value}\0`);
const message = (type, body) => Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);

module.exports = { connect };
