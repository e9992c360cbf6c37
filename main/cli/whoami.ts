/** `latchkey whoami`: what a program that is started here gets, and who it is with that. */
import type { Identity, Problem } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { awsProfileOf } from './aws-profile.ts';
import { codeNotIn, command, ownBroker, Refusal, refusalOf } from './command.ts';
import { clockTime, inWords, isoTime, oneLine, print, styled } from './output.ts';

export const whoami = command({
  summary: 'show which profile a program started here gets, by which rule, and who it is with that',
  details: `
    It goes by this terminal, this folder, the active profile, and by where the environment
    and the files in ~/.aws send SDKs. Nothing is acquired for it, and AWS is not asked. Ends with 1 where a program would
    get nothing, or something else, and says why.
  `,
  examples: ['latchkey whoami', 'latchkey whoami --json'],
  options: { json: { type: 'boolean', summary: 'the same as one JSON document; times are ISO 8601' } },
  async run({ options: { json } }) {
    const broker = ownBroker();
    const answer = await broker.commandCall('identity.read', { address: addressIn(process.env) });
    if ('problem' in answer) throw refusalOf(answer.problem);
    const identity = answer.value;
    const obstacles = [
      ...(await wayObstacles(broker, identity, process.env)),
      ...otherCredentials(process.env),
      ...(await sessionObstacles(broker, identity)),
    ];
    if (json) print(JSON.stringify(asDocument(identity, obstacles), undefined, 2));
    else
      for (const [label, text] of [
        ...asLines(identity),
        ...obstacles.map((obstacle) => ['But', obstacle] as const),
      ])
        print(`${styled('dim', label.padEnd(9))} ${text}`);
    if (obstacles.length > 0) throw new Refusal('a program that is started here does not get that');
  },
});

/** In the order in which SDKs look. */
function addressIn(env: NodeJS.ProcessEnv): string | undefined {
  return env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] || env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || undefined;
}

/** Where EC2's own instance metadata service is, which SDKs ask unless told otherwise. */
const linkLocalAddress = 'http://169.254.169.254';

/** Why SDKs do not ask this Latchkey, in the environment that they have here. */
async function wayObstacles(
  broker: BrokerClient,
  { rule, endpoint }: Identity,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  // Only an address of one profile's decides by name.
  if (rule === 'name') return [];
  if (env['AWS_CONTAINER_CREDENTIALS_FULL_URI'])
    return ['AWS_CONTAINER_CREDENTIALS_FULL_URI leads elsewhere: eval "$(latchkey env)"'];
  const isDisabled = env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true';
  const obstacles = isDisabled
    ? ['AWS_EC2_METADATA_DISABLED is true, and SDKs ask no endpoint then: eval "$(latchkey env)"']
    : [];
  const set = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || awsProfileOf(env).endpoint;
  const address = (set || linkLocalAddress).replace(/\/$/, '');
  if (rule === 'port' || `${address}/` === endpoint) return obstacles;
  if (address === linkLocalAddress && (await isLinkLocalOn(broker))) return obstacles;
  const obstacle = set
    ? `${oneLine(set)} is set for IMDS here, which is not Latchkey: eval "$(latchkey env)"`
    : 'nothing here leads to Latchkey: eval "$(latchkey env)"';
  return [...obstacles, obstacle];
}

async function isLinkLocalOn(broker: BrokerClient): Promise<boolean> {
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  return state.value.status.linkLocal;
}

/** What SDKs here take before they ask any endpoint. */
function otherCredentials(env: NodeJS.ProcessEnv): string[] {
  if (env['AWS_ACCESS_KEY_ID']) return ['AWS_ACCESS_KEY_ID is set here, and SDKs take that instead'];
  const { name, isThere, hasCredentials } = awsProfileOf(env);
  const profile = `the profile ${oneLine(name)} of ~/.aws`;
  if (hasCredentials) return [`${profile} has credentials or a way to them, and SDKs take those instead`];
  return isThere || name === 'default' ? [] : [`AWS_PROFILE names ${profile}, which is not there`];
}

/** Why there is no session to be had without a person, or at all. */
async function sessionObstacles(
  broker: BrokerClient,
  { profile, rule, session }: Identity,
): Promise<string[]> {
  const { state, expiresAtMs, problem } = session;
  if (expiresAtMs !== undefined) return [];
  const isWaiting = state === 'waitingForMfa' || problem?.code === 'MfaRequired';
  if (!isWaiting && problem !== undefined) return [reason(problem)];
  if (!isWaiting && (state !== 'idle' || !(await takesNewCode(broker, profile)))) return [];
  const here = rule === 'terminal' ? ' --here' : '';
  return [`an MFA code is needed: latchkey use ${oneLine(profile)}${here}`];
}

/** Whether a step of the chain that takes a code has no session: those after it are walked without one. */
async function takesNewCode(broker: BrokerClient, name: string): Promise<boolean> {
  const chain = await broker.call('chain.read', { name });
  if ('problem' in chain) throw refusalOf(chain.problem);
  const { steps } = chain.value;
  const lastHeld = steps.findLastIndex(({ session }) => session.expiresAtMs !== undefined);
  return steps.slice(lastHeld + 1).some(({ mfaSerial }) => mfaSerial !== undefined);
}

const rules = {
  terminal: 'the profile of this terminal',
  folder: 'the profile of this folder',
  active: 'the active profile',
  port: 'the profile of the port that AWS_EC2_METADATA_SERVICE_ENDPOINT names',
  name: 'named by AWS_CONTAINER_CREDENTIALS_FULL_URI',
} as const satisfies Record<Identity['rule'], string>;

function asLines(identity: Identity): (readonly [label: string, text: string])[] {
  const { profile, rule, accountId, roleArn, arn, endpoint } = identity;
  const needsApproval = identity.protected ? '; protected: a person has to allow a program that asks' : '';
  return [
    ['Profile', `${styled('bold', oneLine(profile))}, ${rules[rule]}${needsApproval}`],
    ['Account', accountId],
    ['Role', roleArn],
    ['Identity', arn],
    ['Session', sessionInWords(identity)],
    ['Endpoint', endpoint],
  ];
}

function sessionInWords({ session: { state, expiresAtMs, problem } }: Identity): string {
  if (expiresAtMs !== undefined) {
    const left = `${inWords(expiresAtMs - Date.now())} left (until ${clockTime(expiresAtMs)})`;
    return problem === undefined ? left : `${left}: ${reason(problem)}`;
  }
  return state === 'idle' ? 'none is held; the next program that asks has it acquired' : 'none is held';
}

function reason({ message, awsCode }: Problem): string {
  const code = codeNotIn(message, awsCode);
  return oneLine(code === undefined ? message : `${message} (${code})`);
}

function asDocument({ session, ...identity }: Identity, obstacles: readonly string[]) {
  const { state, expiresAtMs, problem } = session;
  return {
    ...identity,
    session: {
      state,
      expiresAt: isoTime(expiresAtMs),
      problem: problem === undefined ? null : reason(problem),
    },
    /** Why a program that is started here does not get it. */
    obstacles,
  };
}
