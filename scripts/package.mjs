/**
 * `npm run package [-- OPTION ...]`: builds everything and packages the desktop app into out/, by electron-builder.yml.
 * The options are electron-builder's own. `--dir` makes the program's folder alone, without installers.
 *
 * Where ELECTRON_OVERRIDE_DIST_PATH names the folder of an Electron, that one is packaged and nothing downloaded.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildStale, root } from './build.mjs';
import { versionWarning } from './desktop.mjs';

await buildStale();

const args = process.argv.slice(2);
const electronDist = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
if (electronDist) {
  const electronVersion = readFileSync(join(electronDist, 'version'), 'utf8').trim().replace(/^v/, '');
  const warning = versionWarning(electronVersion);
  if (warning !== undefined) console.error(warning);
  args.push(`--config.electronDist=${electronDist}`, `--config.electronVersion=${electronVersion}`);
}
const builder = createRequire(import.meta.url).resolve('electron-builder/cli.js');
const { status, error } = spawnSync(process.execPath, [builder, '--publish', 'never', ...args], {
  cwd: root,
  stdio: 'inherit',
});
if (error) throw error;
process.exit(status ?? 1);
