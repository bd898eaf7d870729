// Closes `.ci/run`: adds up the tests and the check steps, given the exit codes of the tests and of `npm run check`.
import { checkResults, testResults } from './results.mjs';

const [testsExit, checksExit] = process.argv.slice(2);
const tests = testResults();
const checks = checkResults();

const testsPassed = sum(tests.map((result) => result.passed));
const testsFailed = sum(tests.map((result) => result.failed));
const checksPassed = checks.filter((check) => check.ok).length;
const checksFailed = checks.length - checksPassed;

// A run that broke before it could count anything has failed all the same, and so has one without any test.
const testsBroke = testsFailed === 0 && (testsExit !== '0' || testsPassed === 0);
const checksBroke = checksFailed === 0 && (checksExit !== '0' || checksPassed === 0);

const failed = testsFailed + checksFailed + Number(testsBroke) + Number(checksBroke);
console.log(`${testsPassed + checksPassed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function sum(/** @type {number[]} */ numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
