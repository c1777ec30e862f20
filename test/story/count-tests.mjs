// What became of the tests of a vitest run, a line for each part: its name, seconds from its first test to its last, how many passed and
// how many failed. One that was skipped counts as failed and is named; so does a file that could not be run, a part without tests, and a
// run that ended badly for any other reason.
//   count-tests.mjs RESULTS.json EXIT-STATUS PART…
import { existsSync, readFileSync } from 'node:fs';

const [, , file, exitStatus, ...parts] = process.argv;
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : [];
const partOf = ({ name }) => /\/test\/(contract|e2e)\//.exec(name)?.[1] ?? 'unit';
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);

const counts = parts.map((part) => count(results.filter((result) => partOf(result) === part)));
if (exitStatus !== '0' && sum(counts.map(({ failed }) => failed)) === 0) {
  console.error(`vitest ended with status ${exitStatus}, and no test failed`);
  counts[0].failed += 1;
}
counts.forEach(({ seconds, passed, failed }, index) => console.log(parts[index], seconds, passed, failed));

function count(files) {
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  for (const { status, fullName } of skipped) console.error(`not run (${status}), which counts as failed: ${fullName}`);
  const broken = files.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  for (const { name, message } of broken) console.error(`could not be run: ${name} ${message ?? ''}`);
  if (tests.length === 0) console.error('there were no tests');
  const began = Math.min(...files.map(({ startTime }) => startTime));
  const ended = Math.max(...files.map(({ endTime }) => endTime));
  const seconds = files.length === 0 ? 0 : Math.round((ended - began) / 1000);
  return { seconds, passed, failed: tests.length - passed + broken.length + (tests.length === 0 ? 1 : 0) };
}
