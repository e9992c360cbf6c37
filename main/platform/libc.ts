import { createRequire } from 'node:module';

/** Functions of a native library. */
export interface NativeLibrary {
  /** @param prototype the function's declaration in C, with types of a fixed size. Throws where there is none of that name. */
  define(prototype: string): (...values: unknown[]) => unknown;
}

/** The C library that this process runs on, and the error number of the last call. */
export interface Libc extends NativeLibrary {
  errno(): number;
}

/** Loads the C library of this process, be it glibc, musl or Apple's. */
export function loadLibc(): Libc {
  const koffi = loadKoffi();
  // No file name: the symbols of this process, among them those of its C library.
  const symbols = koffi.load(null);
  return { define: (prototype) => symbols.func(prototype), errno: () => koffi.errno() };
}

/** Loads a library of the system's by its file's name. Throws where there is none. */
export function loadLibrary(fileName: string): NativeLibrary {
  const library = loadKoffi().load(fileName);
  return { define: (prototype) => library.func(prototype) };
}

/** The native module that can call such functions: loaded only where it is needed, and no sooner. */
function loadKoffi(): typeof import('koffi') {
  const require: (name: 'koffi') => typeof import('koffi') = createRequire(import.meta.url);
  return require('koffi');
}
