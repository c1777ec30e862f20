// A worker without traffic: it is ready when it has stayed up for `readiness_delay`.
const version = process.env.KAMAL_VERSION ?? 'unknown';
console.log(`worker ${version} waits for jobs`);
const ticking = setInterval(() => console.log(`worker ${version} looks for jobs`), 30_000);
process.on('SIGTERM', () => {
  clearInterval(ticking);
  console.log(`worker ${version} stops`);
});
