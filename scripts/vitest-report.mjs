/** A vitest reporter for scripts/test.mjs: writes the counts, and why tests were skipped, to a file. */
import { writeFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: string[] }} Report the reasons of those that were skipped */

/** What vitest tells of a run, see `Reporter` of vitest/node. */
export default class TestReport {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Report} */
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') report.passed += 1;
        else if (result.state === 'failed') failedHere += 1;
        else report.skipped.push(reasonOf(test));
      }
      // A file that could not be loaded has no tests, and one whose hook failed may have none that failed.
      if (failedHere === 0 && module.state() === 'failed') failedHere = 1;
      report.failed += failedHere;
    }
    writeFileSync(process.env['LATCHKEY_TEST_REPORT'] ?? '', JSON.stringify(report));
  }
}

/**
 * The reason given to `skip()`, or noted in the name of the test or of a suite around it.
 * @param {import('vitest/node').TestCase} test
 */
function reasonOf(test) {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note ?? /\(skipped: (.*)\)/.exec(test.fullName)?.[1] ?? `no reason given: ${test.fullName}`;
}
