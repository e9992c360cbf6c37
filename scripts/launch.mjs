/**
 * Starts the app as `npm start` and `npm run demo` do: the desktop app where this machine can run it, else the
 * same broker without a desktop, after one line that says why.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildStale, root } from './build.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} headless
 * @property {string | undefined} port
 * @property {string | undefined} readyFile
 */

/**
 * How a program ended.
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending
 */

/**
 * The options of `npm start` and `npm run demo`. Wrong ones end this process with status 2, after one line.
 * @param {string} command
 * @returns {Options}
 */
export function readOptions(command) {
  try {
    const { values } = parseArgs({
      options: { headless: { type: 'boolean' }, port: { type: 'string' }, 'ready-file': { type: 'string' } },
    });
    const { headless = false, port, 'ready-file': readyFile } = values;
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65535)) {
      throw new Error(`--port must be a number from 0 to 65535 (0: any free one), not '${port}'`);
    }
    if (readyFile !== undefined && !isWritablePlace(readyFile)) {
      throw new Error(`--ready-file must be the path of a file in a folder that exists, not '${readyFile}'`);
    }
    return { headless, port, readyFile };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    console.error(`${command}: ${reason}; it understands -- [--headless] [--port N] [--ready-file FILE]`);
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
 * @returns {App}
 */
export function startApp({ headless, args, env, readyFile }) {
  const appArgs = [...args, '--ready-file', readyFile];
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let asked;
  rmSync(readyFile, { force: true });

  async function run() {
    if (headless) return runHeadless();
    const desktop = findDesktop(env);
    if ('obstacle' in desktop) return runHeadless(desktop.obstacle);

    const started = spawn(desktop.executable, [root, ...appArgs], options('pipe'));
    child = started;
    const complaint = listenForComplaint(started);
    const ending = await endOf(started);
    const crash = crashSignals.has(ending.signal ?? '') ? `with ${ending.signal}` : complaint();
    if (asked !== undefined || crash === undefined || existsSync(readyFile)) return ending;
    return runHeadless(`Electron ended at once (${crash})`);
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
 * Passes the signals that end this process on to what it runs. A signal comes twice when npm passes it on, too.
 * @param {(signal: NodeJS.Signals) => void} end
 */
export function passSignals(end) {
  let lastMs = 0;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
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
 * Ends this process as its app ended.
 * @param {Ending} ending
 */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** How a process that was not asked to end dies of a fault of its own. */
const crashSignals = new Set(['SIGABRT', 'SIGBUS', 'SIGILL', 'SIGSEGV', 'SIGTRAP']);

/** What Chromium and the dynamic loader say on standard error before they give up. */
const complaints =
  /:FATAL:|Missing X server|platform failed to initialize|error while loading shared libraries/;

/**
 * Passes a child's standard error on, and remembers the line that says why it cannot run.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => string | undefined}
 */
function listenForComplaint(child) {
  /** @type {string | undefined} */
  let complaint;
  if (child.stderr === null) return () => undefined;
  createInterface(child.stderr).on('line', (line) => {
    if (complaint === undefined && complaints.test(line)) complaint = line.replace(/^\[.*?\] ?/, '');
    else process.stderr.write(`${line}\n`);
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

/**
 * The Electron executable, or why the desktop app cannot run here.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ executable: string } | { obstacle: string }}
 */
function findDesktop(env) {
  const display = displayObstacle(env);
  if (display !== undefined) return { obstacle: display };
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    return { obstacle: "Chromium's sandbox cannot be had as root" };
  }
  const electron = findElectron(env);
  if ('obstacle' in electron || process.platform !== 'linux') return electron;
  const obstacle = sandboxObstacle(dirname(electron.executable));
  return obstacle === undefined ? electron : { obstacle };
}

/**
 * Why no window can be shown, undefined where one can.
 * @param {NodeJS.ProcessEnv} env
 */
export function displayObstacle(env) {
  const isHidden = process.platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'];
  return isHidden ? 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)' : undefined;
}

/**
 * The Electron executable, downloaded where that was not done yet. As the package's own index.js finds it, which
 * prints a stack trace where it fails.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ executable: string } | { obstacle: string }}
 */
export function findElectron(env) {
  const require = createRequire(import.meta.url);
  const installer = require.resolve('electron/install.js');
  const folder = dirname(installer);
  const name = () => readIfThere(join(folder, 'path.txt'));
  const override = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (override) {
    const executable = join(override, name() ?? standardName());
    if (existsSync(executable)) return { executable };
    return { obstacle: `there is no Electron at ${executable} (ELECTRON_OVERRIDE_DIST_PATH)` };
  }
  const executable = () => join(folder, 'dist', name() ?? standardName());
  if (name() !== undefined && existsSync(executable())) return { executable: executable() };

  const { version } = require('electron/package.json');
  console.error(`Fetching Electron ${version}, once …`);
  const { status, stderr } = spawnSync(process.execPath, [installer], { env, encoding: 'utf8' });
  if (status === 0 && existsSync(executable())) return { executable: executable() };
  const reason = stderr.split('\n')[0] || `status ${status}`;
  return { obstacle: `Electron ${version} could not be downloaded (${reason})` };
}

function standardName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return process.platform === 'win32' ? 'electron.exe' : 'electron';
}

/**
 * Why Chromium's sandbox cannot be had on this Linux, undefined where it can. It needs a setuid helper or user
 * namespaces: https://chromium.googlesource.com/chromium/src/+/main/docs/linux/suid_sandbox_development.md
 * @param {string} folder Electron's
 */
function sandboxObstacle(folder) {
  const helper = statSync(join(folder, 'chrome-sandbox'), { throwIfNoEntry: false });
  if (helper?.uid === 0 && (helper.mode & setuidAndExecutable) === setuidAndExecutable) return undefined;

  const setting = userNamespaceSettings.find(
    ({ file, refuses }) => readIfThere(`/proc/sys/${file}`)?.trim() === refuses,
  );
  // Containers refuse by other means, too, so it is tried where it can be.
  const tried = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { stdio: 'ignore' });
  if (tried.status === 0 || (tried.error !== undefined && setting === undefined)) return undefined;
  const why = setting === undefined ? 'unshare --user fails' : `${setting.file} is ${setting.refuses}`;
  return `Chromium's sandbox cannot be had: no unprivileged user namespaces (${why}), no setuid chrome-sandbox`;
}

const setuidAndExecutable = 0o4111;

const userNamespaceSettings = [
  { file: 'user/max_user_namespaces', refuses: '0' },
  { file: 'kernel/unprivileged_userns_clone', refuses: '0' },
  { file: 'kernel/apparmor_restrict_unprivileged_userns', refuses: '1' },
];

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
