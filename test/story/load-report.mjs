// What the load generator counted, in words: which version answered how often, and what was lost. Exit status 1 for a loss.
import { readFileSync } from 'node:fs';

const { requests, seconds, losses, versions } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(
  `${requests} requests in ${seconds.toFixed(1)} s: ${requests - losses.length} answered, ${losses.length} lost`,
);
for (const [target, counts] of Object.entries(versions)) {
  const mix = Object.entries(counts).map(([version, count]) => `${count} × ${version.slice(0, 7)}`);
  console.log(`${target} answered ${mix.join(', ')}`);
}
for (const { at, kind, target, why } of losses.slice(0, 5)) console.log(`lost at ${at}: ${kind} to ${target}: ${why}`);
process.exitCode = losses.length === 0 && requests > 0 ? 0 : 1;
