/**
 * Runs keychain operations in a process of its own, one for each argument, all started at once:
 * `read:NAME`, `write:NAME:SECRET`, `remove:NAME`, and `exit:CODE`, which ends the process as soon as 20 turns of
 * the event loop have gone by while the operations run. Prints a JSON array of what became of each.
 */
import { Failure } from '../../main/failure.ts';
import { openKeychain } from '../../main/platform/keychain.ts';
import { Secret } from '../../main/secret.ts';

const keychain = openKeychain('latchkey-test');

async function run(argument: string): Promise<unknown> {
  const [operation, name = '', text = ''] = argument.split(':');
  switch (operation) {
    case 'read':
      return (await keychain.read(name))?.reveal() ?? 'nothing';
    case 'write':
      await keychain.write(name, new Secret(text));
      return 'written';
    case 'remove':
      return keychain.remove(name);
    case 'exit': {
      let turns = 0;
      setInterval(() => {
        turns += 1;
        if (turns === 20) process.exit(Number(name));
      }, 5);
      return 'exiting';
    }
    default:
      throw new Error(`no operation ${argument}`);
  }
}

const outcomes = await Promise.all(
  process.argv.slice(1).map((argument) =>
    run(argument).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      return { code: error.code, message: error.message };
    }),
  ),
);
console.log(JSON.stringify(outcomes));
