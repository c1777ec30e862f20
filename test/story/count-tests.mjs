// How many tests of a vitest run passed and failed. One that was skipped counts as failed and is named; so does a file that could not
// be run, and a run that ended badly for any other reason.
import { existsSync, readFileSync } from 'node:fs';

const [, , file, exitStatus] = process.argv;
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : [];
const tests = results.flatMap(({ assertionResults }) => assertionResults);
const passed = tests.filter(({ status }) => status === 'passed').length;
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { status, fullName } of skipped) console.error(`not run (${status}), which counts as failed: ${fullName}`);
const broken = results.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
for (const { name, message } of broken) console.error(`could not be run: ${name} ${message ?? ''}`);
const failed = tests.length - passed + broken.length;
const unexplained = failed === 0 && (exitStatus !== '0' || passed === 0) ? 1 : 0;
if (unexplained) console.error(`vitest ended with status ${exitStatus}, and ${passed} tests passed`);
console.log(`${passed} ${failed + unexplained}`);
