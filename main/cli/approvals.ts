/** `latchkey approvals`: which programs may have protected profiles' credentials, and which ask for them. */
import type { Allowance, ApprovalRequest, ApprovalView, Status } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { action, ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { matchName } from './match.ts';
import { clockTime, inWords, oneLine, print } from './output.ts';
import { approvalDocument, requestDocument } from './status-access.ts';

/** As they are typed, with what the contract calls them. */
const allowances: Readonly<Record<string, Allowance>> = {
  once: 'once',
  tree: 'tree',
  '8h': 'hours',
  always: 'always',
};

const requestId = { kind: 'approval request', summary: 'one of the list, or its beginning' } as const;

export const approvals: Command = {
  summary: 'list, allow, deny and take back what programs may have of protected profiles',
  details: `
    Allowing is confirmed by a number on the terminal, and not possible from the terminal in which the program runs.
  `,
  examples: ['latchkey approvals', 'latchkey approvals allow k3 tree'],
  unlessSaid: 'list',
  actions: {
    list: action({
      summary: 'show which programs wait, and which are allowed',
      options: { json: { type: 'boolean', summary: 'the same as one JSON document; times are ISO 8601' } },
      run: async ({ options }) => list(options.json ?? false),
    }),
    allow: action({
      summary:
        'let the program have the credentials: once (unless said otherwise), all that runs in its process tree, or this program for 8 hours or always',
      operands: { id: requestId, for: { kind: ['once', 'tree', '8h', 'always'], isOptional: true } },
      run: async ({ operands }) => allow(operands.id, operands.for ?? 'once'),
    }),
    deny: action({
      summary: 'deny it, and for five minutes whatever it asks for again',
      operands: { id: requestId },
      run: async ({ operands }) => deny(operands.id),
    }),
    revoke: action({
      summary: 'take an approval back',
      operands: { id: { kind: 'approval', summary: 'one of the list, or its beginning' } },
      run: async ({ operands }) => revoke(operands.id),
    }),
  },
};

async function statusNow(): Promise<Status> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  return state.value.status;
}

async function list(asJson: boolean): Promise<void> {
  const status = await statusNow();
  if (asJson) {
    const document = {
      requests: status.approvalRequests.map(requestDocument),
      approvals: status.approvals.map(approvalDocument),
    };
    print(JSON.stringify(document, undefined, 2));
    return;
  }
  for (const request of status.approvalRequests) for (const line of requestLines(request)) print(line);
  for (const approval of status.approvals) print(approvalLine(approval));
  if (status.approvalRequests.length + status.approvals.length === 0)
    print('No program waits, and none is allowed');
}

/** All that a person decides by. */
function requestLines({
  id,
  profile,
  accountId,
  program,
  tree,
  choices,
  knownBy,
  untilMs,
}: ApprovalRequest): string[] {
  const parents = program.parents.map(({ name, pid }) => `${oneLine(name)} (${pid})`).join(' ← ');
  const details: [label: string, text: string | undefined][] = [
    ['command', program.commandLine],
    ['asks by', program.command],
    ['file', program.executable],
    ['folder', program.workingFolder],
    ['started by', parents === '' ? undefined : parents],
    ['terminal', program.terminal],
    ['behind it', program.forwarder],
    ['tree', `all that ${tree.name} (${tree.pid}) started`],
    ['choices', choices.map(allowanceInWords).join(', ')],
    ['8h, always', knownBy === undefined ? undefined : `for ${knownBy}`],
  ];
  return [
    `${id}  ${oneLine(program.name)} (${program.pid}) asks for ${profile} (${accountId}), for ${inWords(untilMs - Date.now())} more`,
    ...details.flatMap(([label, text]) =>
      text === undefined ? [] : [`    ${label.padEnd(10)} ${oneLine(text)}`],
    ),
  ];
}

function approvalLine({ id, profile, allowance, program, untilMs }: ApprovalView): string {
  const until = untilMs === null ? '' : `, until ${clockTime(untilMs)}`;
  return `${id}  ${oneLine(program)} may have ${profile}: ${allowanceInWords(allowance)}${until}`;
}

async function allow(typed: string, word: string): Promise<void> {
  const allowance = Object.hasOwn(allowances, word) ? allowances[word] : undefined;
  if (allowance === undefined)
    throw new Failure(
      'InvalidInput',
      `it can be allowed ${Object.keys(allowances).join(', ')}, not ${JSON.stringify(word)}`,
    );
  const { approvalRequests } = await statusNow();
  const request = requestOf(approvalRequests, typed);
  const answer = await callAsPerson(ownBroker(), 'approvals.allow', { id: request.id, allowance });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(
    `Allowed: ${oneLine(request.program.name)} may have ${request.profile} (${allowanceInWords(allowance)})`,
  );
}

async function deny(typed: string): Promise<void> {
  const { approvalRequests } = await statusNow();
  const request = requestOf(approvalRequests, typed);
  const answer = await ownBroker().call('approvals.deny', { id: request.id });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(`Denied: ${oneLine(request.program.name)} may not have ${request.profile}`);
}

async function revoke(typed: string): Promise<void> {
  const status = await statusNow();
  const id = matchName(
    typed,
    status.approvals.map((approval) => approval.id),
    'approval',
  );
  const answer = await ownBroker().call('approvals.revoke', { id });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print('Taken back');
}

function requestOf(requests: readonly ApprovalRequest[], typed: string): ApprovalRequest {
  if (requests.length === 0) throw new Refusal('no program waits for an approval');
  const id = matchName(
    typed,
    requests.map((request) => request.id),
    'request',
  );
  const request = requests.find((other) => other.id === id);
  if (request === undefined) throw new Refusal('that request is not waiting any more');
  return request;
}

function allowanceInWords(allowance: Allowance): string {
  return allowance === 'hours' ? '8h' : allowance;
}
