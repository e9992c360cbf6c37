/**
 * The six bundles of `npm run build`, one Vite environment each:
 *
 * - `client`: the interface, for the window and for a browser.
 * - `main`: the broker, under Electron (`app.js`) and under Node (`headless.js`).
 * - `command`: `latchkey`, as CommonJS, which starts in two thirds of the time. A broker that it serves is that of `main`.
 * - `preload`: a sandboxed preload must be one CommonJS file.
 * - `demo`: the embedded STS and its sample world. It is not shipped, so it has a folder of its own.
 * - `bench`: what `npm run bench` runs; not shipped either.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const file = (path: string): string => `${import.meta.dirname}/${path}`;

/**
 * What cannot be bundled: Electron brings itself along, the next two load a compiled library, and the last, which only
 * `bench` has, its own files.
 */
const external = ['electron', 'koffi', '@napi-rs/keyring', '@playwright/test'];

/** Node 20 is also the oldest that Electron's main process has had since the project's runtime. */
const target = 'node20.18';

/** Threads that a program starts from a file beside its own. */
const threads = {
  'linux-process-worker': file('main/platform/linux-process-worker.ts'),
  'sts-worker': file('main/sts/sts-worker.ts'),
};

/** A program for Node: everything it needs is in its folder, but for `external`. */
function program(folder: string, entries: Record<string, string>): EnvironmentOptions {
  return {
    consumer: 'server',
    resolve: { noExternal: true, external },
    build: {
      outDir: file(folder),
      target,
      copyPublicDir: false,
      // A flat folder with names that stay: `import.meta.url` leads to the same neighbours whichever chunk
      // a module ends up in, and a stack trace can be read.
      rolldownOptions: {
        input: { ...entries, ...threads },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  };
}

/** What `latchkey serve` runs is in another bundle: the command would pay for a second copy. */
function brokerBesideCommand(): Plugin {
  return {
    name: 'broker-beside-command',
    enforce: 'pre',
    resolveId(source) {
      const isItself = this.environment.name === 'command' && source.endsWith('/headless.ts');
      return isItself ? { id: '../main/headless.js', external: true } : undefined;
    },
  };
}

export default defineConfig({
  root: file('renderer'),
  // Relative, since the interface is served from latchkey://app/ and from http://127.0.0.1:PORT/.
  base: './',
  plugins: [svelte(), brokerBesideCommand()],
  build: { emptyOutDir: true, reportCompressedSize: false },
  environments: {
    client: {
      build: {
        outDir: file('dist/renderer'),
        // The content security policy allows no data: URL.
        assetsInlineLimit: 0,
        rolldownOptions: { input: file('renderer/index.html') },
      },
    },
    main: program('dist/main', {
      app: file('main/app.ts'),
      headless: file('main/headless.ts'),
    }),
    command: {
      consumer: 'server',
      resolve: { noExternal: true, external },
      build: {
        outDir: file('dist/command'),
        target,
        copyPublicDir: false,
        rolldownOptions: {
          input: file('main/latchkey.ts'),
          output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' },
        },
      },
    },
    preload: {
      consumer: 'server',
      resolve: { noExternal: true, external },
      build: {
        outDir: file('dist/preload'),
        target,
        copyPublicDir: false,
        rolldownOptions: {
          input: file('preload/index.ts'),
          output: { format: 'cjs', entryFileNames: 'index.cjs', codeSplitting: false },
        },
      },
    },
    demo: program('dist/demo', { demo: file('test/demo/demo.ts'), whoami: file('test/demo/whoami.ts') }),
    bench: program('dist/bench', { bench: file('test/bench/bench.ts') }),
  },
});
