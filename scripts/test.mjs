/**
 * `npm test`: every check there is, one part after the other. What a machine cannot run is listed at the end with the
 * reason and how to get it; with `LATCHKEY_TEST_REQUIRE=all` that is a failure. `npm test -- PART ...` runs some parts.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './build.mjs';
import { findChromium } from './find-chromium.mjs';
import { displayObstacle, findElectron } from './desktop.mjs';

/** @typedef {import('./vitest-report.mjs').Report} Report */
/** @typedef {{ status: number, output: string }} Run */

const requireAll = process.env['LATCHKEY_TEST_REQUIRE'] === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
const reportFile = join(scratch, 'report.json');
const node = process.execPath;

/**
 * The parts in their order. `missing` says why this machine cannot run one; `report` reads what its programs wrote,
 * without it the part is one check.
 * @type {{ name: string, title: string, commands: string[][], missing?: () => string | undefined, report?: () => Report }[]}
 */
const parts = [
  {
    name: 'types',
    title: 'types',
    commands: [
      [bin('typescript', 'tsc'), '-p', '.'],
      [bin('svelte-check', 'svelte-check'), '--tsconfig', 'renderer/tsconfig.json', '--fail-on-warnings'],
    ],
  },
  { name: 'lint', title: 'lint', commands: [[bin('eslint', 'eslint'), '--max-warnings', '0', '.']] },
  { name: 'format', title: 'format', commands: [[bin('prettier', 'prettier'), '--check', '.']] },
  { name: 'build', title: 'build', commands: [['scripts/build.mjs']] },
  {
    name: 'unit',
    title: 'unit and integration',
    commands: [
      [bin('vitest', 'vitest'), 'run', '--reporter=default', '--reporter=./scripts/vitest-report.mjs'],
    ],
    report: readVitestReport,
  },
  {
    name: 'interface',
    title: 'interface in Chromium',
    commands: [
      [bin('@playwright/test', 'playwright'), 'test', '--project=interface', '--reporter=list,json'],
    ],
    missing: () =>
      findChromium() === undefined
        ? 'there is no Chromium: install the package chromium, or run `npx playwright install chromium`, or set CHROMIUM_PATH'
        : undefined,
    report: readPlaywrightReport,
  },
  {
    name: 'app',
    title: 'app in Electron',
    commands: [[bin('@playwright/test', 'playwright'), 'test', '--project=app', '--reporter=list,json']],
    missing: whyNoElectron,
    report: readPlaywrightReport,
  },
];

function whyNoElectron() {
  const display = displayObstacle(process.env);
  if (display !== undefined)
    return `${display}: run it in a desktop session, or under xvfb-run and dbus-run-session`;
  const electron = findElectron(process.env);
  if ('executable' in electron) return undefined;
  return `${electron.obstacle}: let npm reach its download, or set ELECTRON_OVERRIDE_DIST_PATH to an Electron's folder`;
}

/** @returns {Report} */
function readVitestReport() {
  return JSON.parse(readFileSync(reportFile, 'utf8'));
}

/** @returns {Report} */
function readPlaywrightReport() {
  /** @type {import('@playwright/test/reporter').JSONReport} */
  const { suites, errors } = JSON.parse(readFileSync(reportFile, 'utf8'));
  /** @type {Report} */
  const report = { passed: 0, failed: errors.length, skipped: [] };
  /** @param {import('@playwright/test/reporter').JSONReportSuite} suite */
  function count(suite) {
    for (const spec of suite.specs) {
      for (const { status, annotations } of spec.tests) {
        if (status === 'expected') report.passed += 1;
        else if (status !== 'skipped') report.failed += 1;
        else {
          const reason = annotations.find(({ type }) => type === 'skip')?.description;
          report.skipped.push(reason ?? `no reason given: ${spec.title}`);
        }
      }
    }
    for (const inner of suite.suites ?? []) count(inner);
  }
  for (const suite of suites) count(suite);
  return report;
}

/**
 * A program of a dependency, as Node runs it.
 * @param {string} dependency
 * @param {string} program
 */
function bin(dependency, program) {
  const folder = join(root, 'node_modules', dependency);
  const { bin: programs } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof programs === 'string' ? programs : programs[program]);
}

/**
 * Runs Node with these arguments, and keeps what it prints.
 * @param {string[]} args
 * @returns {Promise<Run>}
 */
function run(args) {
  const child = spawn(node, args, {
    cwd: root,
    env: {
      ...process.env,
      LATCHKEY_TEST_REPORT: reportFile,
      PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/**
 * @param {(typeof parts)[number]} part
 * @returns {Promise<Report & { output: string }>}
 */
async function runPart({ commands, report }) {
  rmSync(reportFile, { force: true });
  const runs = [];
  for (const command of commands) runs.push(await run(command));
  const isGood = runs.every(({ status }) => status === 0);
  const output = runs.map((each) => each.output).join('');
  if (report === undefined) return { passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: [], output };
  try {
    const counts = report();
    // A runner that fails for another reason than a test's has failed all the same.
    return { ...counts, failed: counts.failed === 0 && !isGood ? 1 : counts.failed, output };
  } catch (error) {
    return { passed: 0, failed: 1, skipped: [], output: `${output}\nThere is no report: ${String(error)}` };
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => parts.every((part) => part.name !== name));
if (unknown !== undefined) {
  console.error(`npm test: there is no part ${unknown}, only ${parts.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** How many were skipped, by the reason. @type {Map<string, number>} */
const reasons = new Map();
for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const startedMs = Date.now();
  const missing = part.missing?.();
  const { passed, failed, skipped, output } =
    missing === undefined ? await runPart(part) : { passed: 0, failed: 0, skipped: [missing], output: '' };
  const isMissed = requireAll && skipped.length > 0;
  total.passed += passed;
  total.failed += failed + (requireAll ? skipped.length : 0);
  total.skipped += requireAll ? 0 : skipped.length;
  for (const reason of skipped) {
    const key = missing === undefined ? reason : `${part.title}: ${reason}`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  if (failed > 0) console.log(output);
  const verdict = failed > 0 || isMissed ? 'FAILED' : missing === undefined ? 'ok' : 'not run';
  const counts =
    part.report === undefined ? '' : `, ${passed} passed, ${failed} failed, ${skipped.length} skipped`;
  console.log(`${part.title}: ${verdict}${counts} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
}
rmSync(scratch, { recursive: true, force: true });

if (reasons.size > 0) {
  console.log(requireAll ? '\nMissing, though LATCHKEY_TEST_REQUIRE=all:' : '\nNot run on this machine:');
  for (const [reason, count] of reasons) console.log(`- ${reason}${count > 1 ? ` (${count} tests)` : ''}`);
  console.log();
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
