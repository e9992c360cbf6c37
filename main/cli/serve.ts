/** `latchkey serve`: a broker without a desktop. */
import { Failure } from '../failure.ts';
import { parseOptions, serverOptions } from '../options.ts';
import { Refusal, type SingleCommand } from './command.ts';

export const serve: SingleCommand = {
  summary: 'start a broker without a desktop, with its interface in the browser',
  details: 'It runs until Ctrl-C, or SIGTERM.',
  examples: ['latchkey serve --port 0'],
  operands: {},
  options: serverOptions,
  async run(argv) {
    const options = parseOptions(argv);
    // Only here: it takes the STS client, the keychain and the servers along.
    const { runHeadless } = await import('../headless.ts');
    try {
      await runHeadless(options);
    } catch (error) {
      // Whatever its code, the command line was right and it did not start. Its class is that of the other bundle.
      if (error instanceof Error && error.name === Failure.name)
        throw new Refusal(error.message, { cause: error });
      throw error;
    }
  },
};
