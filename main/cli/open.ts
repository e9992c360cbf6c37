/** `latchkey open`: the way to the interface. */
import { callAsPerson } from './as-person.ts';
import { command, ownBroker, refusalOf } from './command.ts';
import { print } from './output.ts';

export const open = command({
  summary: 'show the window, or print a link to the interface where there is none',
  details: `
    The link works once, within five minutes, in a browser of this machine and user. It is printed and not opened:
    other users could read it in the list of processes. That a person asks for it is confirmed by a number on the
    terminal.
  `,
  examples: ['latchkey open'],
  async run() {
    const answer = await callAsPerson(ownBroker(), 'interface.open', {});
    if ('problem' in answer) throw refusalOf(answer.problem);
    print(answer.value.link ?? 'The window is shown');
  },
});
