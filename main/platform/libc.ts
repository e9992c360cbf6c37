import { createRequire } from 'node:module';

/** Functions of the C library that this process runs on, and the error number of the last call. */
export interface Libc {
  /** @param prototype the function's declaration in C, with types of a fixed size. */
  define(prototype: string): (...values: unknown[]) => unknown;
  errno(): number;
}

/** Loads the native library (koffi) that can call it: only where it is needed, and no sooner. */
export function loadLibc(): Libc {
  const require: (name: 'koffi') => typeof import('koffi') = createRequire(import.meta.url);
  const koffi = require('koffi');
  // No file name: the symbols of this process, among them those of its C library, be it glibc, musl or Apple's.
  const symbols = koffi.load(null);
  return { define: (prototype) => symbols.func(prototype), errno: () => koffi.errno() };
}
