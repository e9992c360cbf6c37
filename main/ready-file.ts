/** The file by which a script learns that everything is served, and how to reach it. */
import { resolve } from 'node:path';
import { writePrivateFile } from './platform/private-file.ts';

export interface ReadyDocument {
  /** The endpoint's base URL, with a trailing slash. */
  readonly imds: string;
  /** Where the interface is: in a browser's case a link that works once, within five minutes. */
  readonly interface: string;
  /** The data folder, for `LATCHKEY_HOME`. */
  readonly home: string;
  readonly pid: number;
}

/**
 * Writes the ready file, whole from the moment it is there, with mode 0600: it holds a link that signs in.
 * @throws Failure Internal where it cannot be written
 */
export async function writeReadyFile(file: string, document: ReadyDocument): Promise<void> {
  await writePrivateFile(resolve(file), `${JSON.stringify(document, undefined, 2)}\n`);
}
