/**
 * For running from the project's folder, as `electron --require main/shell/declare-scheme.cjs .`: declares the
 * window's scheme, as `declareInterfaceScheme` does. Electron takes that before its `ready` event only, and a
 * launcher that imports the app's ES modules without waiting for them is ready before the first one has run.
 * The packaged app waits, and has no need of this file.
 */
// eslint-disable-next-line no-restricted-syntax, @typescript-eslint/no-require-imports -- `--require` takes CommonJS
const { protocol } = require('electron');

protocol.registerSchemesAsPrivileged([{ scheme: 'latchkey', privileges: { standard: true, secure: true } }]);
Object.assign(globalThis, { latchkeySchemeIsDeclared: true });
