// Answers every connection on its ports with its name.
const net = require('node:net');

const [name, ...ports] = process.argv.slice(2);
const body = `a stand-in for ${name}\n`;

for (const port of ports) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    // Whoever speaks HTTP asks first; others are greeted by its name when they have said nothing for a second.
    const greeting = setTimeout(() => socket.end(body), 1000);
    socket.once('data', () => {
      clearTimeout(greeting);
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
  });
  server.listen(Number(port), () => console.log(`${body.trim()} listens on ${port}`));
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
