/** `latchkey whoami`: what a program that is started here gets, and who it is with that. */
import type { Identity, Problem } from '../../preload/contract.ts';
import { codeNotIn, command, ownBroker, refusalOf } from './command.ts';
import { clockTime, inWords, isoTime, oneLine, print, styled } from './output.ts';

export const whoami = command({
  summary: 'show which profile a program started here gets, by which rule, and who it is with that',
  details: `
    It goes by this terminal, this folder, the active profile, and by where the environment sends SDKs
    (AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_EC2_METADATA_SERVICE_ENDPOINT). Nothing is acquired for it, and AWS is not
    asked. Ends with 1 where a program would get nothing, and says why.
  `,
  examples: ['latchkey whoami', 'latchkey whoami --json'],
  options: { json: { type: 'boolean', summary: 'the same as one JSON document; times are ISO 8601' } },
  async run({ options: { json } }) {
    const address = addressIn(process.env);
    const answer = await ownBroker().commandCall('identity.read', { address });
    if ('problem' in answer) throw refusalOf(answer.problem);
    const identity = answer.value;
    const staticKey = process.env['AWS_ACCESS_KEY_ID'] ? 'AWS_ACCESS_KEY_ID' : null;
    if (json) print(JSON.stringify(asDocument(identity, staticKey), undefined, 2));
    else
      for (const [label, text] of asLines(identity, staticKey))
        print(`${styled('dim', label.padEnd(9))} ${text}`);
  },
});

/** In the order in which SDKs look. */
function addressIn(env: NodeJS.ProcessEnv): string | undefined {
  return env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] || env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || undefined;
}

const rules = {
  terminal: 'the profile of this terminal',
  folder: 'the profile of this folder',
  active: 'the active profile',
  port: 'the profile of the port that AWS_EC2_METADATA_SERVICE_ENDPOINT names',
  name: 'named by AWS_CONTAINER_CREDENTIALS_FULL_URI',
} as const satisfies Record<Identity['rule'], string>;

function asLines(identity: Identity, staticKey: string | null): [label: string, text: string][] {
  const { profile, rule, accountId, roleArn, arn, endpoint } = identity;
  const needsApproval = identity.protected ? '; protected: a person has to allow a program that asks' : '';
  return [
    ['Profile', `${styled('bold', oneLine(profile))}, ${rules[rule]}${needsApproval}`],
    ['Account', accountId],
    ['Role', roleArn],
    ['Identity', arn],
    ['Session', sessionInWords(identity)],
    ['Endpoint', endpoint],
    ...(staticKey === null
      ? []
      : [['But', `${staticKey} is set here, and SDKs take that instead`] satisfies [string, string]]),
  ];
}

function sessionInWords({ session: { expiresAtMs, problem } }: Identity): string {
  const left =
    expiresAtMs === undefined
      ? 'none is held; the next program that asks has it acquired'
      : `${inWords(expiresAtMs - Date.now())} left (until ${clockTime(expiresAtMs)})`;
  return problem === undefined ? left : `${left}: ${reason(problem)}`;
}

function reason({ message, awsCode }: Problem): string {
  const code = codeNotIn(message, awsCode);
  return oneLine(code === undefined ? message : `${message} (${code})`);
}

function asDocument({ session, ...identity }: Identity, staticKey: string | null) {
  const { state, expiresAtMs, problem } = session;
  return {
    ...identity,
    session: {
      state,
      expiresAt: isoTime(expiresAtMs),
      problem: problem === undefined ? null : reason(problem),
    },
    /** The variable by which SDKs here take other credentials. */
    overriddenBy: staticKey,
  };
}
