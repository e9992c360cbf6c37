/**
 * The lint rule that holds the layers of the house: who may import whom.
 *
 * Each row is a layer, and names the layers above it in this table that it may import; itself it may always.
 * So there is no way back up, and a new file that has no layer is refused until somebody gives it one.
 */
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {RegExp} files paths in the project, with `/`
 * @property {readonly string[]} imports layers
 * @property {readonly string[]} [lazily] layers that may be imported by `import()` alone
 * @property {boolean} [node] false: it runs in a window too, so it must not import Node's modules
 * @property {boolean} [electron] true: it may import `electron`
 */

const foundation = [
  'failure',
  'secret',
  'resources',
  'models',
  'data folder',
  'link-local',
  'platform',
  'configuration',
];
const core = [...foundation, 'sts', 'console', 'custody', 'sessions', 'audit', 'approvals', 'servers'];

/** @type {readonly Layer[]} */
export const layers = [
  { name: 'failure', files: /^main\/(failure|first-problem)\.ts$/, imports: [], node: false },
  { name: 'secret', files: /^main\/secret\.ts$/, imports: [] },
  { name: 'resources', files: /^main\/resources\.ts$/, imports: [] },
  {
    name: 'models',
    files:
      /^main\/(profiles\/profile|profiles\/partitions|keys\/access-key|clients\/access|audit\/record|configuration\/settings)\.ts$/,
    imports: ['failure'],
    node: false,
  },
  { name: 'contract', files: /^preload\/(contract|paths)\.ts$/, imports: ['models'], node: false },

  // The window.
  {
    name: 'preload',
    files: /^preload\/index\.ts$/,
    imports: ['contract'],
    node: false,
    electron: true,
  },
  { name: 'browser transport', files: /^preload\/browser\.ts$/, imports: ['contract'], node: false },
  { name: 'interface', files: /^renderer\/(?!main\.ts$)/, imports: ['contract'], node: false },
  {
    name: 'window entry',
    files: /^renderer\/main\.ts$/,
    imports: ['contract', 'browser transport', 'interface'],
    node: false,
  },

  // The broker.
  {
    name: 'data folder',
    files: /^main\/platform\/(data-folder|private-folder|private-file)\.ts$/,
    imports: ['failure'],
  },
  { name: 'link-local', files: /^main\/platform\/link-local(-\w+)?\.ts$/, imports: [] },
  {
    name: 'platform',
    files: /^main\/platform\//,
    imports: ['failure', 'secret', 'data folder', 'link-local'],
  },
  {
    name: 'configuration',
    files: /^main\/configuration\//,
    imports: ['failure', 'models', 'data folder', 'platform'],
  },
  { name: 'sts', files: /^main\/sts\//, imports: foundation },
  { name: 'console', files: /^main\/console\//, imports: [...foundation, 'sts'] },
  { name: 'custody', files: /^main\/(keys|profiles)\//, imports: [...foundation, 'sts'] },
  { name: 'sessions', files: /^main\/sessions\//, imports: [...foundation, 'sts', 'custody'] },
  { name: 'audit', files: /^main\/audit\//, imports: foundation },
  { name: 'approvals', files: /^main\/approvals\//, imports: foundation },
  {
    name: 'servers',
    files: /^main\/(endpoint|clients)\//,
    imports: [...foundation, 'sts', 'custody', 'sessions', 'audit', 'approvals'],
  },
  {
    name: 'control client',
    files: /^main\/control\/(client|address)\.ts$/,
    imports: ['failure', 'contract', 'data folder'],
  },
  { name: 'control', files: /^main\/control\//, imports: [...core, 'contract', 'control client'] },
  { name: 'broker', files: /^main\/broker\.ts$/, imports: [...core, 'contract', 'control'] },

  // The programs.
  { name: 'options', files: /^main\/(options|ready-file)\.ts$/, imports: foundation },
  {
    name: 'headless',
    files: /^main\/headless\.ts$/,
    imports: [...core, 'contract', 'control', 'broker', 'options'],
  },
  {
    name: 'command',
    files: /^main\/(cli\/|latchkey\.ts$)/,
    imports: [
      'failure',
      'secret',
      'models',
      'contract',
      'data folder',
      'link-local',
      'control client',
      'options',
    ],
    // The command must start at once: only `latchkey serve` pays for the broker, and whatever needs config.json for that.
    lazily: ['headless', 'configuration'],
  },
  {
    name: 'desktop',
    files: /^main\/(shell\/|app\.ts$)/,
    imports: [...core, 'contract', 'control', 'broker', 'options'],
    electron: true,
  },
];

/**
 * The layer of a file, by its path in the project.
 * @param {string} path
 */
export function layerOf(path) {
  return layers.find(({ files }) => files.test(path));
}

/**
 * Why `importer` may not import `specifier`, undefined if it may.
 * @param {string} importer the importing file's path in the project
 * @param {string} specifier
 * @param {boolean} lazily by `import()`
 * @returns {string | undefined}
 */
function refusal(importer, specifier, lazily) {
  const layer = layerOf(importer);
  if (layer === undefined) return `${importer} has no layer: give it one in scripts/layers.mjs`;
  if (/^electron(\/|$)/.test(specifier)) {
    return layer.electron ? undefined : `${layer.name} must not import electron: it runs without`;
  }
  if (isBuiltin(specifier)) {
    return layer.node === false
      ? `${layer.name} must not import ${specifier}: it also runs in a window`
      : undefined;
  }
  if (!specifier.startsWith('.')) return undefined;

  const path = relative('/', resolve('/', dirname(importer), specifier.replace(/\?.*$/s, '')))
    .split(sep)
    .join('/');
  const imported = layerOf(path);
  if (imported === undefined)
    return `${layer.name} must not import ${path}: it belongs to none of the layers`;
  if (imported === layer || layer.imports.includes(imported.name)) return undefined;
  if (layer.lazily?.includes(imported.name)) {
    return lazily
      ? undefined
      : `${layer.name} may import ${path} (${imported.name}) only by import(), when needed`;
  }
  return `${layer.name} must not import ${path} (${imported.name})`;
}

/** @type {import('eslint').Rule.RuleModule} */
export const layersRule = {
  meta: { type: 'problem', schema: [], docs: { description: 'holds the layers of the house' } },
  create(context) {
    const importer = relative(context.cwd, context.filename).split(sep).join('/');
    /**
     * @param {import('estree').Node | null | undefined} source
     * @param {boolean} lazily
     */
    function check(source, lazily) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const message = refusal(importer, source.value, lazily);
      if (message !== undefined) context.report({ node: source, message });
    }
    return {
      ImportDeclaration: ({ source }) => check(source, false),
      ExportNamedDeclaration: ({ source }) => check(source, false),
      ExportAllDeclaration: ({ source }) => check(source, false),
      ImportExpression: ({ source }) => check(source, true),
      // typeof import('…'), which the types above do not know.
      TSImportType: (/** @type {{ source?: import('estree').Node }} */ { source }) => check(source, true),
    };
  },
};

for (const [index, { name, imports, lazily = [] }] of layers.entries()) {
  const above = layers.slice(0, index).map((layer) => layer.name);
  const astray = [...imports, ...lazily].find((imported) => !above.includes(imported));
  if (astray !== undefined) throw new Error(`layer ${name} imports ${astray}, which does not stand above it`);
}
