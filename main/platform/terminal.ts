import { constants, promises as files } from 'node:fs';
import { isatty } from 'node:tty';
import { Failure } from '../failure.ts';

/** Without waiting: a terminal that was stopped (Ctrl-S) takes nothing. It does not become this process's own, either. */
const flags = constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Writes a line on a terminal of this user, above and below what is there.
 * @param path of a process's controlling terminal
 * @param line of our own words: what would steer the terminal must not be in it
 * @throws Failure Refused where it is no terminal, is another user's, or takes nothing
 */
export async function showOnTerminal(path: string, line: string): Promise<void> {
  try {
    const terminal = await files.open(path, flags);
    try {
      const { uid } = await terminal.stat();
      if (!isatty(terminal.fd)) throw new Failure('Refused', `${path} is no terminal`);
      // Whoever owns it can read what is shown there.
      if (uid !== process.getuid?.()) throw new Failure('Refused', `The terminal ${path} is another user's`);
      // A program may have turned off that a line's end goes back to its beginning.
      await terminal.write(`\r\n${line}\r\n`);
    } finally {
      await terminal.close();
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('Refused', `Nothing can be shown on the terminal ${path} (${reason})`, {
      cause: error,
    });
  }
}
