/** `latchkey console PROFILE`: signs a browser in to the AWS console. */
import { browserOf, openIn } from './browser.ts';
import { Codes } from './codes.ts';
import { command, ownBroker, refusalOf } from './command.ts';
import { matchName } from './match.ts';
import { oneLine, print, say } from './output.ts';
import { promptOf } from './prompts.ts';
import { WatchedState } from './watched-state.ts';

export const openConsole = command({
  summary: 'sign a browser in to the AWS console',
  details: `
    The console’s session lasts as long as the profile’s sessions do. A role that is assumed with a session (it shares an
    MFA code with others, or is based on another profile) has it for as long as the session that is held now: AWS grants
    no more. A protected profile has to be allowed as for credentials, and MFA codes are asked for as by latchkey use.

    The desktop’s browser is opened, or the one that BROWSER names: a command in words, with %s where the address goes, at
    the end unless said. What it is given is an address on this machine, good for one visit of this user’s: other users
    can read what is on a command line.

    Several accounts side by side: turn on multi-session support in the console (its account menu), which keeps five
    sessions in one browser; or give each account a browser profile or a container by BROWSER.
    The ext+container: form needs Firefox’s extension "Open external links in a container".
  `,
  examples: [
    'latchkey console billing --service s3',
    "BROWSER='firefox ext+container:name=billing&url=%s' latchkey console billing",
    "BROWSER='google-chrome --profile-directory=Billing' latchkey console billing",
  ],
  operands: { profile: { kind: 'profile', summary: 'its name, or a part of it that fits no other' } },
  options: {
    service: {
      type: 'string',
      value: 'SERVICE',
      summary: 'the service to begin with, as the console’s addresses spell it: s3, ec2, cloudwatch',
    },
    print: {
      type: 'boolean',
      summary:
        'prints the link instead, for a browser elsewhere; whoever has it is signed in, and AWS takes it for 15 minutes',
    },
  },
  async run({ operands, options: { service, print: isPrinted } }) {
    const broker = ownBroker();
    const ended = new AbortController();
    let codes: Codes | undefined;
    try {
      const state = await WatchedState.follow(broker, ended.signal);
      const names = state.profiles.map(({ profile }) => profile.name);
      const name = matchName(operands.profile, names, 'profile');
      // Before a person is asked for anything.
      const browser = isPrinted ? undefined : browserOf(process.env, process.platform);
      codes = new Codes(broker, state);
      if (process.stderr.isTTY) void sayWhatIsWaitedFor(state, name);
      const target = { name, service };
      const made = browser
        ? broker.commandCall('console.page', target)
        : broker.commandCall('console.link', target);
      await codes.give(made, name, () => promptOf(state, name));
      const answer = await made;
      if ('problem' in answer) throw refusalOf(answer.problem);
      if (!browser) {
        print(answer.value.url);
        return;
      }
      await openIn(browser, answer.value.url);
      const account = state.profile(name)?.accountId ?? '';
      print(`The console of ${oneLine(name)} (${account}) is opened in the browser`);
    } finally {
      codes?.[Symbol.dispose]();
      ended.abort();
    }
  },
});

async function sayWhatIsWaitedFor(state: WatchedState, name: string): Promise<void> {
  await state.until(() => state.approvalRequests.some(({ profile }) => profile === name) || undefined);
  say(
    `${name} is protected: allow it in the Latchkey window, or in another terminal with: latchkey approvals`,
  );
}
