// What the load on the Heatwave stack counted, in words. Exit status 1 for a loss.
import { readFileSync } from 'node:fs';

const { seconds, sent, losses, versions } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const [kind, count] of Object.entries(sent)) {
  if (count === 0) continue;
  const lost = losses.filter((loss) => loss.kind === kind).length;
  console.log(`${count} ${kind} in ${seconds.toFixed(1)} s: ${count - lost} answered, ${lost} failed`);
}
const mix = Object.entries(versions).map(([version, count]) => `${count} × ${version.slice(0, 7)}`);
if (mix.length > 0) console.log(`pages answered by ${mix.join(', ')}`);
for (const { at, id, why } of losses.slice(0, 2)) console.log(`at ${at}: ${id}: ${why}`);
process.exitCode = losses.length === 0 ? 0 : 1;
