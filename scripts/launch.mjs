/**
 * Starts the app as `npm start` and `npm run demo` do: the desktop app where this machine can run it, else the
 * same broker without a desktop, after one line that says why.
 */
import { spawn } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildStale, root } from './build.mjs';
import { findDesktop } from './desktop.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} headless
 * @property {string | undefined} port
 * @property {string | undefined} readyFile
 * @property {string | undefined} secrets
 */

/** What both commands take. */
const usage = '[--headless] [--port N] [--ready-file FILE]';
const help = [
  '--headless          no window: the interface is in the browser.',
  '--port N            the endpoint’s port for this run; 0 takes any free one.',
  '--ready-file FILE   is written once all is served: JSON with imds, interface, home and pid.',
];

/** What each command takes, and says of itself. */
const commands = {
  'npm start': {
    usage: `${usage} [--secrets keychain|memory]`,
    help: [
      'Builds what is stale and starts Latchkey.',
      ...help,
      '--secrets memory    keeps access keys in memory only, until it ends.',
    ],
  },
  'npm run demo': {
    usage,
    help: [
      'Starts Latchkey against an STS of its own, with sample roles. Nothing leaves this machine.',
      ...help,
    ],
  },
};

/**
 * How a program ended.
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending
 */

/**
 * The options of `npm start` and `npm run demo`. Wrong ones end this process with status 2, after one line;
 * `--help` with status 0, after the usage.
 * @param {keyof typeof commands} command
 * @returns {Options}
 */
export function readOptions(command) {
  try {
    const swallowed = ['headless', 'port', 'ready-file', 'secrets'].find(
      (name) => process.env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
    );
    if (swallowed !== undefined)
      throw new Error(`npm took --${swallowed} for itself, since no -- stands before it`);
    const { values } = parseArgs({
      options: {
        headless: { type: 'boolean' },
        port: { type: 'string' },
        'ready-file': { type: 'string' },
        secrets: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { headless = false, port, 'ready-file': readyFile, secrets } = values;
    if (values.help) {
      console.log(
        [`Usage: ${command} -- ${commands[command].usage}`, '', ...commands[command].help].join('\n'),
      );
      process.exit(0);
    }
    if (secrets !== undefined && command === 'npm run demo') {
      throw new Error('--secrets is not for the demo, which always keeps them in memory');
    }
    if (secrets !== undefined && secrets !== 'keychain' && secrets !== 'memory') {
      throw new Error(`--secrets must be keychain or memory, not '${secrets}'`);
    }
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65535)) {
      throw new Error(`--port must be a number from 0 to 65535 (0: any free one), not '${port}'`);
    }
    if (readyFile !== undefined && !isWritablePlace(readyFile)) {
      throw new Error(`--ready-file must be the path of a file in a folder that exists, not '${readyFile}'`);
    }
    return { headless, port, readyFile, secrets };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.\s/)[0] : String(error);
    console.error(`${command}: ${reason}; it understands -- ${commands[command].usage}`);
    process.exit(2);
  }
}

/** @param {string} file */
function isWritablePlace(file) {
  const folder = statSync(dirname(resolve(file)), { throwIfNoEntry: false });
  const existing = statSync(file, { throwIfNoEntry: false });
  return file !== '' && folder?.isDirectory() === true && existing?.isDirectory() !== true;
}

/**
 * Builds what is stale before a start: quietly, and with status 1 and the reason where it fails.
 * @param {string[]} bundles
 */
export async function buildForStart(bundles) {
  try {
    const built = await buildStale(bundles);
    if (built.length > 0) console.error(`Built ${built.join(', ')}.`);
  } catch (error) {
    console.error(`The build failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

/**
 * A running app.
 * @typedef {object} App
 * @property {Promise<Ending>} ended
 * @property {(signal: NodeJS.Signals) => void} end asks it to end
 */

/**
 * Starts the app.
 * @param {object} start
 * @param {boolean} start.headless
 * @param {string[]} start.args the app's own options, but for `--ready-file`
 * @param {NodeJS.ProcessEnv} start.env
 * @param {string} start.readyFile what the app writes once it serves
 * @param {() => import('./desktop.mjs').Found} [start.desktop] asked where there shall be one
 * @returns {App}
 */
export function startApp({ headless, args, env, readyFile, desktop = () => findDesktop(env) }) {
  const appArgs = [...args, '--ready-file', readyFile];
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let asked;
  rmSync(readyFile, { force: true });

  async function run() {
    if (headless) return runHeadless();
    const found = desktop();
    if ('obstacle' in found) return runHeadless(found.obstacle);

    const electron = spawn(found.executable, [...electronArgs, ...appArgs], options('pipe'));
    child = electron;
    const complaint = listenForComplaint(electron);
    try {
      const ending = await endOf(electron);
      const crash = crashSignals.has(ending.signal ?? '') ? (complaint() ?? ending.signal) : complaint();
      if (asked !== undefined || !crash || existsSync(readyFile)) return ending;
      return runHeadless(`Electron ended at once (${crash})`);
    } catch (error) {
      return runHeadless(
        `Electron cannot be run (${error instanceof Error ? error.message : String(error)})`,
      );
    }
  }

  /** @param {string} [obstacle] */
  function runHeadless(obstacle) {
    if (obstacle !== undefined) console.error(`Latchkey goes on without a desktop: ${obstacle}.`);
    child = spawn(process.execPath, [join(root, 'dist/main/headless.js'), ...appArgs], options('inherit'));
    return endOf(child);
  }

  /**
   * @param {'pipe' | 'inherit'} stderr
   * @returns {import('node:child_process').SpawnOptions}
   */
  function options(stderr) {
    // In a process group of its own: Ctrl-C reaches every program of the terminal's group, and with the signal that
    // is passed on to it the app would get two, which Chromium takes for the order to die at once.
    return { env, stdio: ['inherit', 'inherit', stderr], detached: process.platform !== 'win32' };
  }

  return {
    ended: run(),
    end(signal) {
      asked = signal;
      child?.kill(signal);
    },
  };
}

/**
 * Signals by which a person or a parent asks for an end.
 * @type {NodeJS.Signals[]}
 */
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Passes the signals that end this process on to what it runs. A signal comes twice when npm passes it on, too.
 * @param {(signal: NodeJS.Signals) => void} end
 */
export function passSignals(end) {
  let lastMs = 0;
  for (const signal of endSignals) {
    process.on(signal, () => {
      if (Date.now() - lastMs > 1000) end(signal);
      lastMs = Date.now();
    });
  }
  // npm hands a SIGTERM to the shell between it and us, which dies of it without a word to us.
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end('SIGTERM');
  }, 500);
  watch.unref();
}

/**
 * Ends this process as its app ended. Shells say no more than "Killed" of one that died of SIGKILL or the like, and
 * not of which program: then this process says it, and ends with the status that shells give for such a death.
 * @param {Ending} ending
 */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  if (!endSignals.includes(signal)) {
    console.error(`Latchkey was killed (${signal}).`);
    process.exit(128 + constants.signals[signal]);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** How Electron runs the app from the project's folder. */
const electronArgs = ['--require', join(root, 'main/shell/declare-scheme.cjs'), root];

/** How a process that was not asked to end dies of a fault of its own. */
const crashSignals = new Set(['SIGABRT', 'SIGBUS', 'SIGILL', 'SIGSEGV', 'SIGTRAP']);

/** What Chromium and the dynamic loader say on standard error before they give up. */
const complaints =
  /:FATAL:|Missing X server|platform failed to initialize|error while loading shared libraries|version .GLIBC\S+ not found/;

/** Chromium's own log, which tells a person nothing: `[123:1122/054020.140024:ERROR:bus.cc(407)] …`. */
const chromiumLog = /^\[\d+:\d+\/[\d.]+:(?:INFO|WARNING|ERROR):/;

/**
 * Passes on what a child says on standard error, and remembers the line that says why it cannot run.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => string | undefined}
 */
function listenForComplaint(child) {
  /** @type {string | undefined} */
  let complaint;
  if (child.stderr === null) return () => undefined;
  createInterface(child.stderr).on('line', (line) => {
    if (complaints.test(line)) complaint ??= line.replace(/^\[.*?\] ?/, '');
    else if (!chromiumLog.test(line)) process.stderr.write(`${line}\n`);
  });
  return () => complaint;
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<Ending>}
 */
function endOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
