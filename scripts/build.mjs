/**
 * `npm run build [-- BUNDLE ...]`: builds the bundles of vite.config.ts whose inputs changed since they were built.
 *
 * What a bundle was made from is known exactly: its modules are listed in `dist/built.json`, with a hash of
 * each file's content. With nothing to do Vite is not even loaded, so `npm start` can afford to ask each time.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const bundles = ['client', 'main', 'command', 'preload', 'demo', 'bench'];
const recordFile = join(root, 'dist/built.json');
/** Every bundle depends on these: how it is built, the configuration, the dependencies' versions and the project's own. */
const common = ['scripts/build.mjs', 'vite.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json'];

/**
 * What one bundle was made from and what came out: hashes by path, and paths; both relative to the project.
 * @typedef {{ inputs: Record<string, string>, outputs: string[] }} Built
 */

/**
 * Builds what is stale. Of several that do so at once one builds, and the others wait for it.
 * @param {string[]} [wanted] the bundles asked for, all without it
 * @returns {Promise<string[]>} the bundles that were built
 */
export async function buildStale(wanted = bundles) {
  if (staleOf(wanted).length === 0) return [];
  await takeTurn();
  try {
    const stale = staleOf(wanted);
    if (stale.length > 0) await forProduction(() => build(stale));
    return stale;
  } finally {
    rmSync(turnFile, { force: true });
  }
}

/**
 * Vitest runs its tests with `NODE_ENV=test`, by which Vite would build for development: a quarter more of it, and slower.
 * @param {() => Promise<void>} work
 */
async function forProduction(work) {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
}

/** @param {string[]} wanted */
function staleOf(wanted) {
  const record = readRecord();
  return wanted.filter((bundle) => !isCurrent(record[bundle]));
}

/** Holds the process ID of who builds. */
const turnFile = join(root, 'dist/building');

/** Resolves once nobody else builds. */
async function takeTurn() {
  mkdirSync(dirname(turnFile), { recursive: true });
  for (;;) {
    try {
      writeFileSync(turnFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (!isRunning(turnFile)) rmSync(turnFile, { force: true });
      else await delay(50);
    }
  }
}

/**
 * Whether the process named in a file runs; as far as can be told, since the file may be new or gone by now.
 * @param {string} file
 */
function isRunning(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** @param {string[]} stale */
async function build(stale) {
  const record = readRecord();
  const { createBuilder } = await import('vite');
  /** @type {Map<string, Set<string>>} */
  const sources = new Map(stale.map((bundle) => [bundle, new Set(common)]));
  const builder = await createBuilder({
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'warn',
    plugins: [noteSources(sources)],
  });
  for (const bundle of stale) {
    const environment = builder.environments[bundle];
    if (environment === undefined) throw new Error(`vite.config.ts has no environment ${bundle}`);
    const folder = environment.config.build.outDir;
    const startedMs = Date.now();
    const output = await builder.build(environment);
    if (!('output' in output)) throw new Error(`unexpected output of the bundle ${bundle}`);
    const outputs = output.output.map(({ fileName }) => inProject(join(folder, fileName)));
    const inputs = [...(sources.get(bundle) ?? [])].sort();
    // What was saved while it was built may have been read before: it counts as changed.
    const hashed = inputs.map((path) => [path, changedSince(path, startedMs) ? 'changed' : hash(path)]);
    record[bundle] = { inputs: Object.fromEntries(hashed), outputs };
    // npm makes it executable when it links the command; whoever runs dist/command/latchkey.cjs itself needs it too.
    if (bundle === 'command') chmodSync(join(root, 'dist/command/latchkey.cjs'), 0o755);
    writeRecord(record);
  }
}

/** @param {Built | undefined} built */
function isCurrent(built) {
  return (
    built !== undefined &&
    built.outputs.every((path) => existsSync(join(root, path))) &&
    Object.entries(built.inputs).every(([path, hashed]) => hash(path) === hashed)
  );
}

/** @returns {Record<string, Built>} */
function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch {
    return {};
  }
}

/** @param {Record<string, Built>} record */
function writeRecord(record) {
  mkdirSync(dirname(recordFile), { recursive: true });
  const draft = `${recordFile}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(record, null, 1)}\n`);
  renameSync(draft, recordFile);
}

/**
 * Collects the project's own files that went into each bundle, dependencies being known by their versions.
 * @param {Map<string, Set<string>>} sources
 * @returns {import('vite').Plugin}
 */
function noteSources(sources) {
  return {
    name: 'latchkey:note-sources',
    generateBundle(_options, bundle) {
      const noted = sources.get(this.environment.name);
      if (noted === undefined) return;
      const assets = Object.values(bundle).flatMap((item) =>
        item.type === 'asset' ? item.originalFileNames : [],
      );
      const files = [
        ...this.getModuleIds(),
        ...assets.map((name) => join(this.environment.config.root, name)),
      ];
      for (const id of files) {
        const path = inProject(id.replace(/\?.*$/s, ''));
        const isOwn =
          !path.startsWith('..') && !path.startsWith('node_modules/') && existsSync(join(root, path));
        if (isOwn) noted.add(path);
      }
    },
  };
}

/** @param {string} path */
function inProject(path) {
  return relative(root, path).split(sep).join('/');
}

/**
 * @param {string} path
 * @param {number} timeMs
 */
function changedSince(path, timeMs) {
  return (statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= timeMs;
}

/** @param {string} path */
function hash(path) {
  try {
    return createHash('sha256')
      .update(readFileSync(join(root, path)))
      .digest('base64');
  } catch {
    return 'missing';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((bundle) => !bundles.includes(bundle));
  if (unknown !== undefined) {
    console.error(`npm run build: there is no bundle ${unknown}, only ${bundles.join(', ')}`);
    process.exit(2);
  }
  try {
    const startedMs = Date.now();
    const built = await buildStale(wanted.length > 0 ? wanted : bundles);
    if (built.length === 0) console.log('Nothing to build.');
    else console.log(`Built ${built.join(', ')} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
