/** What the desktop app needs of a machine: a display, Chromium's sandbox and an Electron. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './build.mjs';

/** @typedef {{ executable: string } | { obstacle: string }} Found an executable, or why there is none to be had */

/**
 * The Electron executable, or why the desktop app cannot run here.
 * @param {NodeJS.ProcessEnv} env
 * @param {number | undefined} uid this process's; undefined where there are none
 * @returns {Found}
 */
export function findDesktop(env, uid = process.getuid?.()) {
  const display = displayObstacle(env);
  if (display !== undefined) return { obstacle: display };
  if (process.platform === 'linux' && uid === 0) {
    return { obstacle: "Chromium's sandbox cannot be had as root" };
  }
  const electron = findElectron(env);
  if ('obstacle' in electron || process.platform !== 'linux') return electron;
  const obstacle = sandboxObstacle(dirname(electron.executable), env);
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
 * @param {string} [folder] the package's
 * @returns {Found}
 */
export function findElectron(env, folder = join(root, 'node_modules/electron')) {
  const name = () => readIfThere(join(folder, 'path.txt'));
  const override = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (override) {
    const executable = join(override, name() ?? standardName());
    if (existsSync(executable)) return { executable };
    return { obstacle: `there is no Electron at ${executable} (ELECTRON_OVERRIDE_DIST_PATH)` };
  }
  const executable = () => join(folder, 'dist', name() ?? standardName());
  if (name() !== undefined && existsSync(executable())) return { executable: executable() };

  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  console.error(`Fetching Electron ${version}, once …`);
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'install.js')], {
    env,
    encoding: 'utf8',
  });
  if (status === 0 && existsSync(executable())) return { executable: executable() };
  const reason = /^.*Error: .*$/m.exec(stderr)?.[0] ?? `its installer ended with status ${status}`;
  return { obstacle: `Electron ${version} could not be downloaded (${reason})` };
}

/**
 * One line where the Electron of ELECTRON_OVERRIDE_DIST_PATH is not the version that the project declares.
 * @param {string} version of that Electron
 * @param {string} [declared]
 */
export function versionWarning(version, declared = declaredElectron()) {
  if (version === declared) return undefined;
  return `ELECTRON_OVERRIDE_DIST_PATH has Electron ${version}, and package.json wants ${declared}: ${version} is used.`;
}

function declaredElectron() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.electron;
}

function standardName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return process.platform === 'win32' ? 'electron.exe' : 'electron';
}

/**
 * Why Chromium's sandbox cannot be had on this Linux, undefined where it can. It needs a setuid helper or user
 * namespaces: https://chromium.googlesource.com/chromium/src/+/main/docs/linux/suid_sandbox_development.md
 * @param {string} folder Electron's
 * @param {NodeJS.ProcessEnv} env
 */
function sandboxObstacle(folder, env) {
  const helper = statSync(join(folder, 'chrome-sandbox'), { throwIfNoEntry: false });
  if (helper?.uid === 0 && (helper.mode & setuidAndExecutable) === setuidAndExecutable) return undefined;

  const setting = userNamespaceSettings.find(
    ({ file, refuses }) => readIfThere(`/proc/sys/${file}`)?.trim() === refuses,
  );
  // Containers refuse by other means, too, so it is tried where it can be.
  const tried = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { env, stdio: 'ignore' });
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
