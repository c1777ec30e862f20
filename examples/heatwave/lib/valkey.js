// One connection to Valkey: its protocol (RESP 2), and nothing to install. It connects when it is first used, and again after a loss.
const net = require('node:net');

/**
 * @param {string} address redis://host:port
 * @param {{timeoutMilliseconds?: number}} options how long a reply may take; more than what a blocking command waits
 */
function valkey(address, { timeoutMilliseconds = 5000 } = {}) {
  const { hostname, port } = new URL(address);
  let open;

  function connection() {
    if (open) return open;
    const socket = net.connect({ host: hostname, port: Number(port || 6379), noDelay: true });
    const mine = { socket, waiting: [] };
    open = mine;
    let buffer = Buffer.alloc(0);
    const lost = (error) => {
      if (open === mine) open = undefined;
      socket.destroy();
      for (const { reject } of mine.waiting.splice(0)) reject(error);
    };
    socket.setTimeout(timeoutMilliseconds, () => {
      if (mine.waiting.length > 0) lost(new Error(`${hostname} did not answer within ${timeoutMilliseconds / 1000} s`));
    });
    socket.on('error', (error) => lost(error));
    socket.on('close', () => lost(new Error(`the connection to ${hostname} was closed`)));
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let reply = parse(buffer, 0); reply; reply = parse(buffer, 0)) {
        buffer = buffer.subarray(reply.end);
        const { resolve, reject } = mine.waiting.shift();
        if (reply.value instanceof Error) reject(reply.value);
        else resolve(reply.value);
      }
    });
    return mine;
  }

  return {
    /** The reply, once the server has given it: then what it acknowledges is there. */
    command(...words) {
      const { socket, waiting } = connection();
      const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.write(`*${words.length}\r\n${parts.join('')}`);
      });
    },
    end: () => open?.socket.end(),
  };
}

/** One reply from `at` on, or undefined while it is incomplete. */
function parse(buffer, at) {
  const lineEnd = buffer.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = buffer.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(buffer[at])) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { value: null, end };
      return buffer.length < end + length + 2
        ? undefined
        : { value: buffer.toString('utf8', end, end + length), end: end + length + 2 };
    }
    default:
      return parseList(buffer, end, Number(line));
  }
}

function parseList(buffer, start, length) {
  if (length < 0) return { value: null, end: start };
  const value = [];
  let end = start;
  for (let left = length; left > 0; left -= 1) {
    const one = parse(buffer, end);
    if (!one) return undefined;
    value.push(one.value);
    end = one.end;
  }
  return { value, end };
}

module.exports = { valkey };
