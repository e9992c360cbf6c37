/** `latchkey serve`: a broker without a desktop. */
import { Failure } from '../failure.ts';
import { parseOptions } from '../options.ts';
import { Refusal, type Command } from './command.ts';

export const serve: Command = {
  usage: 'serve [--port N] [--secrets keychain|memory] [--ready-file FILE] [--headless]',
  summary: 'start a broker without a desktop, with its interface in the browser',
  details: [
    '--port N            the endpoint’s port for this run; 0 takes any free one.',
    '--secrets memory    keeps access keys in memory only, until it ends.',
    '--ready-file FILE   is written once all is served: JSON with imds, interface, home and pid.',
    '--headless          changes nothing here; npm start and the app take it, too.',
    'It runs until Ctrl-C, or SIGTERM.',
  ],
  example: 'latchkey serve --port 0',
  async run(argv) {
    const options = parseOptions(argv);
    // Only here: it takes the STS client, the keychain and the servers along.
    const { runHeadless } = await import('../headless.ts');
    try {
      await runHeadless(options);
    } catch (error) {
      // Whatever its code, the command line was right and it did not start.
      if (error instanceof Failure) throw new Refusal(error.message, { cause: error });
      throw error;
    }
  },
};
