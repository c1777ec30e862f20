// A small web app: its version on /, its health on /up.
const http = require('node:http');

const version = process.env.KAMAL_VERSION ?? 'unknown';

let answering = 0;

const server = http.createServer(async (request, response) => {
  answering += 1;
  response.on('close', () => (answering -= 1));
  const url = new URL(request.url, 'http://hello');
  if (url.pathname === '/up') return response.end('OK\n');
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  const milliseconds = Number(url.searchParams.get('sleep') ?? 0);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  response.setHeader('content-type', 'text/plain');
  response.end(`hello from ${version}, ${bytes} bytes received\n`);
});

server.keepAliveTimeout = 65_000;
server.listen(3000, () => console.log(`web ${version} listens on 3000`));
// Docker asks politely first: answer what is being asked, then go. The proxy's connections that carry no request do not count.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  setInterval(() => answering === 0 && server.closeAllConnections(), 50);
});
