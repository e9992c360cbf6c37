/** `latchkey status --watch`: the status again whenever it is another one. */
import type { State } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { ownBroker } from './command.ts';
import { print } from './output.ts';
import { after } from './watched-state.ts';

/** The cursor to the upper left corner, and all that is below it cleared (ECMA-48: CUP, ED). */
const clearTerminal = '\u001b[H\u001b[2J';
/** How often times that run are shown anew, on a terminal. */
const tickMs = 1000;

/**
 * Shows the status with each change until the broker ends.
 * @param asText on as many lines as it takes
 * @throws Failure NotRunning once it does
 */
export async function watchStatus(asText: (state: State) => string): Promise<never> {
  let state: State | undefined;
  let last: string | undefined;
  const show = () => {
    if (state === undefined) return;
    const text = asText(state);
    if (text === last) return;
    last = text;
    print(process.stdout.isTTY ? clearTerminal + text : text);
  };
  const ended = new AbortController();
  // A script is told what changes, and counts the seconds itself.
  const ticking = process.stdout.isTTY ? setInterval(show, tickMs) : undefined;
  try {
    for await (const event of ownBroker().events(ended.signal)) {
      state = event.type === 'state' ? event.state : state && after(state, event);
      show();
    }
  } finally {
    clearInterval(ticking);
    ended.abort();
  }
  throw new Failure('NotRunning', 'Latchkey has ended; start it again');
}
