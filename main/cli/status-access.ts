/** The part of `latchkey status` about which programs get what, and what they were refused. */
import type { ApprovalRequest, ApprovalView, Status } from '../../preload/contract.ts';
import { clockTime, inWords, isoTime, oneLine, styled } from './output.ts';

/** What comes of it where no program can be told. */
const withoutPrograms =
  'protected profiles are served to none, nor is anything where terminals or folders have profiles of their own';

/** Each line by its label. */
export function accessLines(status: Status): [label: string, text: string][] {
  const lines: [label: string, text: string][] = [];
  if (status.linkLocal) lines.push(['Endpoint', 'http://169.254.169.254/']);
  for (const { profile, port, url, problem } of status.endpoints) {
    const where = url ?? `http://127.0.0.1:${port}/`;
    lines.push([
      'Port',
      `${where} for ${profile}${problem === undefined ? '' : `: ${styled('red', oneLine(problem))}`}`,
    ]);
  }
  for (const { id, profile, accountId, program, untilMs } of status.approvalRequests)
    lines.push([
      'Approval',
      `${styled('yellow', 'wanted')} by ${oneLine(program.name)} (${program.pid}) for ${profile} in account ${accountId}, for ${inWords(untilMs - Date.now())} more; decide in the window, or see: latchkey approvals (${id})`,
    ]);
  for (const { profile, pid, name, terminal } of status.bindings) {
    const place = terminal === undefined ? '' : ` on ${terminal}`;
    lines.push(['Terminal', `${profile} for everything started from ${oneLine(name)} (pid ${pid})${place}`]);
  }
  for (const { folder, profile } of status.folders)
    lines.push(['Folder', `${profile} for programs that work in ${oneLine(folder)}`]);
  for (const text of refusalLines(status)) lines.push(['Refused', text]);
  if (status.clients.problem !== null)
    lines.push(['Programs', styled('red', `${oneLine(status.clients.problem)}; ${withoutPrograms}`)]);
  if (status.audit.problem !== null) lines.push(['Audit', styled('red', oneLine(status.audit.problem))]);
  return lines;
}

const shownRefusalMs = 60 * 60_000;
const mostRefusals = 5;

/** The latest, of the last hour; and how many there are besides, since the broker started. */
function refusalLines({ refusals }: Status): string[] {
  const sinceMs = Date.now() - shownRefusalMs;
  const shown = refusals.filter(({ lastAtMs }) => lastAtMs >= sinceMs).slice(0, mostRefusals);
  const lines = shown.map(({ reason, count, lastAtMs, program }) => {
    const times = count === 1 ? '' : ` ${count} times, last`;
    const by = program === undefined ? 'a program' : oneLine(program);
    return `${by}${times} at ${clockTime(lastAtMs)}: ${oneLine(reason)}`;
  });
  const older = refusals.length - shown.length;
  if (older > 0)
    lines.push(
      `${shown.length === 0 ? `${older} more than an hour ago` : `and ${older} older`}: latchkey audit tail`,
    );
  return lines;
}

/** Its part of the document of `--json`. */
export function accessDocument(status: Status) {
  return {
    linkLocal: status.linkLocal,
    endpoints: status.endpoints.map(({ profile, port, url, problem }) => ({
      profile,
      port,
      url,
      problem: problem ?? null,
    })),
    approvalRequests: status.approvalRequests.map(requestDocument),
    approvals: status.approvals.map(approvalDocument),
    bindings: status.bindings.map(({ profile, pid, name, terminal }) => ({
      profile,
      pid,
      name,
      terminal: terminal ?? null,
    })),
    folders: status.folders,
    tokens: status.tokens.map(tokenDocument),
    refusals: status.refusals.map(({ reason, code, count, lastAtMs, program }) => ({
      reason,
      code: code ?? null,
      count,
      lastAt: isoTime(lastAtMs),
      program: program ?? null,
    })),
    clients: status.clients,
    audit: status.audit,
  };
}

export function tokenDocument({ name, profile, createdAtMs, lastUsedAtMs }: Status['tokens'][number]) {
  return { name, profile, createdAt: isoTime(createdAtMs), lastUsedAt: isoTime(lastUsedAtMs ?? undefined) };
}

export function requestDocument({
  id,
  profile,
  accountId,
  program,
  tree,
  choices,
  knownBy,
  ...times
}: ApprovalRequest) {
  const { startedAtMs, ...shown } = program;
  return {
    id,
    profile,
    accountId,
    program: { ...shown, startedAt: isoTime(startedAtMs) },
    tree,
    choices,
    knownBy: knownBy ?? null,
    since: isoTime(times.sinceMs),
    until: isoTime(times.untilMs),
  };
}

export function approvalDocument({ id, profile, allowance, program, sinceMs, untilMs }: ApprovalView) {
  return {
    id,
    profile,
    allowance,
    program,
    since: isoTime(sinceMs),
    until: isoTime(untilMs ?? undefined),
  };
}
