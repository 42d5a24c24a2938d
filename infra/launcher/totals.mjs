// Reads a test report (CTRF as xunit writes it, or vitest's JSON) and prints "passed failed skipped".
// Appends failures with details and skips with reasons to the two named files. With a report of a second run, tests that passed there count as passed,
// and their first output is appended to the last file.
// "again REPORT LIMIT" prints the methods to repeat, one per line: none if more than LIMIT tests failed, or something outside a test.
import { appendFileSync, readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const isFailed = (test) => test.status === 'failed' || test.status === 'other';
if (process.argv[2] === 'again') {
  const { results } = read(process.argv[3]);
  const failed = results.tests.filter(isFailed);
  const outside = (results.extra?.suites ?? []).some((suite) => (suite.errors ?? []).length > 0);
  if (!outside && failed.length <= Number(process.argv[4])) {
    for (const method of new Set(failed.map((test) => test.name.split('(')[0]))) {
      console.log(method);
    }
  }
  process.exit(0);
}

const [format, report, project, failuresFile, skipsFile, filter, secondReport, secondFile] = process.argv.slice(2);
const data = read(report);
const indent = (text) => String(text ?? '').trimEnd().split('\n').map((line) => `      ${line}`).join('\n');

const readers = {
  ctrf: () => [
    ...data.results.tests.map((test) => ({
      name: test.name,
      status: test.status,
      reason: test.extra?.reason ?? test.message ?? '',
      details: [test.message, test.trace, test.stdout?.length ? `output:\n${[test.stdout].flat().join('\n')}` : ''].filter(Boolean).join('\n'),
    })),
    // Failures outside a test: a fixture that could not be set up or torn down.
    ...(data.results.extra?.suites ?? []).flatMap((suite) => suite.errors ?? []).map((error) => ({
      name: `${project}: ${error.name ?? 'outside a test'}`,
      status: 'failed',
      details: [error.message, error.trace].filter(Boolean).join('\n') || JSON.stringify(error),
    })),
  ],
  vitest: () => data.testResults.flatMap((file) => {
    const tests = file.assertionResults.map((test) => ({
      name: test.fullName,
      status: { passed: 'passed', failed: 'failed' }[test.status] ?? 'skipped',
      reason: test.status,
      details: (test.failureMessages ?? []).join('\n'),
    }));
    return tests.length === 0 && file.status === 'failed'
      ? [{ name: file.name, status: 'failed', details: file.message }]
      : tests;
  }),
};

// vitest reports tests excluded by a filter as skipped.
const tests = readers[format]().filter((test) => !(filter && format === 'vitest' && test.status === 'skipped'));
const count = (status) => tests.filter(status).length;
const isSkipped = (test) => test.status === 'skipped' || test.status === 'pending';

if (secondReport) {
  const second = new Map(read(secondReport).results.tests.map((test) => [test.name, test.status]));
  for (const test of tests.filter((t) => isFailed(t) && second.get(t.name) === 'passed')) {
    appendFileSync(secondFile, `  ${test.name}\n${indent(test.details)}\n`);
    test.status = 'passed';
  }
}

for (const test of tests.filter(isFailed)) {
  appendFileSync(failuresFile, `  ${test.name}\n${indent(test.details)}\n`);
}
for (const test of tests.filter(isSkipped)) {
  appendFileSync(skipsFile, `  ${test.name}: ${test.reason}\n`);
}
console.log(count((test) => test.status === 'passed'), count(isFailed), count(isSkipped));
