/** `latchkey credentials PROFILE`: what an SDK's `credential_process` runs. */
import { brokerAddress } from '../control/address.ts';
import { credentialsPath } from '../control/client.ts';
import { dataFolder } from '../platform/data-folder.ts';
import { command, ownBroker, Refusal, refusalOf } from './command.ts';
import { noProfile } from './match.ts';
import { print } from './output.ts';

export const credentials = command({
  summary: 'print a profile’s credentials, for credential_process in ~/.aws/config',
  details: `
    It waits up to 50 s for a person who is asked for an MFA code or an approval, and says on standard error why there
    are no credentials: SDKs show that.
  `,
  examples: ['latchkey credentials billing --print-config'],
  operands: { profile: { kind: 'profile' } },
  options: {
    'print-config': {
      type: 'boolean',
      summary:
        'prints the lines for ~/.aws/config instead, and their quicker form with curl, which shows no reason',
    },
  },
  async run({ operands: { profile }, options }) {
    if (options['print-config']) return printConfiguration(profile);
    const answer = await ownBroker().credentials(profile);
    if ('problem' in answer)
      throw answer.problem.code === 'NotFound' ? noProfile(profile) : refusalOf(answer.problem);
    if (process.stdout.isTTY)
      throw new Refusal('credentials are not shown on a terminal; programs run this, see --print-config');
    print(answer.value);
  },
});

async function printConfiguration(profile: string): Promise<void> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  if (!state.value.profiles.some((view) => view.profile.name === profile)) throw noProfile(profile);
  const command = [process.execPath, process.argv[1] ?? 'latchkey', 'credentials', profile];
  const socket = brokerAddress(dataFolder());
  const url = `http://latchkey${credentialsPath}${profile}`;
  print(`[profile ${profile}]`);
  print(`credential_process = ${command.map(quoted).join(' ')}`);
  print('# Quicker, and shows a status only where there are no credentials:');
  print(`# credential_process = ${['curl', '-sf', '--unix-socket', socket, url].map(quoted).join(' ')}`);
}

/** A word as SDKs split them. */
function quoted(word: string): string {
  return /^[\w+=,.@:/-]+$/.test(word) ? word : `"${word.replaceAll(/(["\\$`])/g, '\\$1')}"`;
}
