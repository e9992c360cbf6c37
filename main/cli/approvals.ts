/** `latchkey approvals`: which programs may have protected profiles' credentials, and which ask for them. */
import type { Allowance, ApprovalRequest, ApprovalView, Status } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { parseCommandLine } from '../options.ts';
import { callAsPerson } from './as-person.ts';
import { ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { matchName } from './match.ts';
import { clockTime, inWords, oneLine, print } from './output.ts';
import { approvalDocument, requestDocument } from './status-access.ts';

export const approvals: Command = {
  usage: 'approvals [list [--json] | allow ID [once|tree|8h|always] | deny ID | revoke ID]',
  summary: 'list, allow, deny and take back what programs may have of protected profiles',
  details: [
    'allow ID    lets the program have the credentials: once (unless said otherwise), all that runs in its',
    '            process tree, or this program for 8 hours or always. It is confirmed by a number on the',
    '            terminal, and not possible from the terminal in which the program runs.',
    'deny ID     denies it, and for five minutes whatever it asks for again.',
    'revoke ID   takes an approval back.',
    'ID is one of the list, or its beginning.',
  ],
  example: 'latchkey approvals allow k3 tree',
  async run(argv) {
    const [action = 'list', ...rest] =
      argv.length === 0 || argv[0]?.startsWith('-') ? ['list', ...argv] : argv;
    switch (action) {
      case 'list':
        return list(rest);
      case 'allow':
        return allow(rest);
      case 'deny':
        return deny(rest);
      case 'revoke':
        return revoke(rest);
      default:
        throw new Failure('InvalidInput', `there is no ${JSON.stringify(oneLine(action))}`);
    }
  },
};

async function statusNow(): Promise<Status> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  return state.value.status;
}

async function list(argv: readonly string[]): Promise<void> {
  const { values } = parseCommandLine(argv, { json: { type: 'boolean' } }, []);
  const status = await statusNow();
  if (values.json) {
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
  untilMs,
}: ApprovalRequest): string[] {
  const parents = program.parents.map(({ name, pid }) => `${oneLine(name)} (${pid})`).join(' ← ');
  const details: [label: string, text: string | undefined][] = [
    ['command', program.commandLine],
    ['file', program.executable],
    ['folder', program.workingFolder],
    ['started by', parents === '' ? undefined : parents],
    ['terminal', program.terminal],
    ['behind it', program.forwarder],
    ['tree', `all that ${tree.name} (${tree.pid}) started`],
    ['choices', choices.map(allowanceInWords).join(', ')],
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

async function allow(argv: readonly string[]): Promise<void> {
  const isSaid = argv.filter((word) => !word.startsWith('-')).length > 1;
  const { positionals } = parseCommandLine(argv, {}, isSaid ? ['ID', 'once|tree|8h|always'] : ['ID']);
  const [typed = '', word = 'once'] = positionals;
  const allowance = allowanceOf(word);
  const { approvalRequests } = await statusNow();
  const request = requestOf(approvalRequests, typed);
  const answer = await callAsPerson(ownBroker(), 'approvals.allow', { id: request.id, allowance });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(
    `Allowed: ${oneLine(request.program.name)} may have ${request.profile} (${allowanceInWords(allowance)})`,
  );
}

async function deny(argv: readonly string[]): Promise<void> {
  const { positionals } = parseCommandLine(argv, {}, ['ID']);
  const { approvalRequests } = await statusNow();
  const request = requestOf(approvalRequests, positionals[0] ?? '');
  const answer = await ownBroker().call('approvals.deny', { id: request.id });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(`Denied: ${oneLine(request.program.name)} may not have ${request.profile}`);
}

async function revoke(argv: readonly string[]): Promise<void> {
  const { positionals } = parseCommandLine(argv, {}, ['ID']);
  const status = await statusNow();
  const id = matchName(
    positionals[0] ?? '',
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

function allowanceOf(word: string): Allowance {
  switch (word) {
    case 'once':
    case 'tree':
    case 'always':
      return word;
    case '8h':
      return 'hours';
    default:
      throw new Failure(
        'InvalidInput',
        `it can be allowed once, tree, 8h or always, not ${JSON.stringify(word)}`,
      );
  }
}

function allowanceInWords(allowance: Allowance): string {
  return allowance === 'hours' ? '8h' : allowance;
}
