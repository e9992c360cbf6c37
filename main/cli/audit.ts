/** `latchkey audit`: who got which credentials, and whether the log of that is as it was written. */
import type { AuditVerdict } from '../../preload/contract.ts';
import { parseAuditLine, type AuditClient, type AuditRecord } from '../audit/record.ts';
import { Failure } from '../failure.ts';
import { exportRecords, parseSince } from './audit-export.ts';
import { lastAuditLines } from './audit-lines.ts';
import { action, ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { oneLine, print, say, styled } from './output.ts';

const linesUnlessSaid = 20;

export const audit: Command = {
  summary: 'show what the audit log holds, or check that nobody has changed it',
  details: `
    The log is in the data folder; tail and export only read it, check nothing, and need no running Latchkey.
  `,
  examples: [
    'latchkey audit tail -n 100',
    'latchkey audit export --since 7d --csv > last-week.csv',
    'latchkey audit verify',
  ],
  actions: {
    tail: action({
      summary: 'show the latest records',
      options: {
        lines: {
          type: 'string',
          short: 'n',
          value: 'N',
          summary: `how many, ${linesUnlessSaid} unless said`,
        },
        json: {
          type: 'boolean',
          summary: 'each record as it stands in the log: one JSON document a line, times in UTC',
        },
      },
      run: async ({ options: { lines, json } }) =>
        tail(lines === undefined ? linesUnlessSaid : parseCount(lines), json ?? false),
    }),
    export: action({
      summary: 'write all records to standard output, the oldest first, each as it stands in the log',
      options: {
        since: {
          type: 'string',
          value: 'TIME',
          summary: 'only those from then on: a date, a time in ISO 8601, or how long ago (30m, 12h, 7d)',
        },
        csv: { type: 'boolean', summary: 'as a table, for a spreadsheet, and not one JSON document a line' },
      },
      run: async ({ options: { since, csv } }) =>
        exportRecords(since === undefined ? undefined : parseSince(since, Date.now()), csv ?? false),
    }),
    verify: action({
      summary:
        'read the whole log, and hold it against the key and the checkpoint in the keychain; ends with 1 where a record was changed, removed or put in',
      options: { json: { type: 'boolean', summary: 'the same as one JSON document' } },
      run: async ({ options }) => verify(options.json ?? false),
    }),
  },
};

async function verify(asJson: boolean): Promise<void> {
  const answer = await ownBroker().call('audit.verify', {});
  if ('problem' in answer) throw refusalOf(answer.problem);
  if (asJson) print(JSON.stringify(answer.value, undefined, 2));
  else for (const line of verdictLines(answer.value)) print(line);
  if (answer.value.problems.length > 0)
    throw new Refusal(
      'the audit log cannot be proven to be as Latchkey wrote it: somebody changed it or removed its key, or a disk failed',
    );
}

function verdictLines({ proven, unproven, problems, notes }: AuditVerdict): string[] {
  const newer = `${counted(unproven)} newer than the last checkpoint: unchanged, but some could have been cut off`;
  return [
    `${counted(proven)} proven to be complete and unchanged`,
    ...(unproven > 0 ? [newer] : []),
    ...notes.map((note) => `${styled('dim', 'Note')}     ${oneLine(note)}`),
    ...problems.map((problem) => `${styled('red', 'Problem')}  ${oneLine(problem)}`),
  ];
}

async function tail(count: number, asJson: boolean): Promise<void> {
  for (const line of await lastAuditLines(count)) {
    const parsed = parseAuditLine(line);
    if (parsed === undefined)
      say('latchkey: a line of the audit log is no record; see: latchkey audit verify');
    else print(asJson ? line : inWords(parsed.record));
  }
}

function inWords({ time, event, profile, count, expiresAt, client, detail }: AuditRecord): string {
  const parts = [
    styled('dim', localTime(time)),
    event === 'refused' ? styled('yellow', event) : event,
    profile && styled('bold', oneLine(profile)),
    count > 1 && `${count} times`,
    client && `by ${programInWords(client)}`,
    expiresAt && `until ${localTime(expiresAt)}`,
  ];
  const line = parts.filter(Boolean).join('  ');
  return detail === undefined ? line : `${line}: ${oneLine(detail)}`;
}

/** A program by its name, what started it, and where it runs. */
function programInWords({ name, pid, parents, workingFolder, forwarder }: AuditClient): string {
  const from =
    parents.length === 0 ? '' : ` from ${parents.map((parent) => oneLine(parent.name)).join(' < ')}`;
  const folder = workingFolder === undefined ? '' : ` in ${oneLine(workingFolder)}`;
  const through = forwarder === undefined ? '' : ` through ${oneLine(forwarder)}`;
  return `${oneLine(name)} (${pid})${from}${folder}${through}`;
}

/** By this machine's zone, with the date: a log is read later. */
function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return oneLine(iso);
  const pad = (part: number) => String(part).padStart(2, '0');
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${date} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}

function counted(count: number): string {
  return count === 1 ? '1 record is' : `${count} records are`;
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw invalid(`-n must be a number from 1 on, not ${JSON.stringify(text)}`);
}

function invalid(message: string): Failure {
  return new Failure('InvalidInput', message);
}
