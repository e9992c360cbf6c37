/** `latchkey audit`: who got which credentials, and whether the log of that is as it was written. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  auditFileCount,
  auditFileName,
  parseAuditLine,
  type AuditClient,
  type AuditRecord,
} from '../audit/record.ts';
import { Failure } from '../failure.ts';
import { parseCommandLine } from '../options.ts';
import { dataFolder } from '../platform/data-folder.ts';
import { ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { oneLine, print, say, styled } from './output.ts';

const linesUnlessSaid = 20;

export const audit: Command = {
  usage: 'audit verify | audit tail [-n N] [--json]',
  summary: 'show what the audit log holds, or check that nobody has changed it',
  details: [
    'verify   reads the whole log, and holds it against the key and the checkpoint in the keychain. Ends with 1',
    '         where a record was changed, removed or put in. Latchkey must be running.',
    `tail     the latest records, ${linesUnlessSaid} unless -n says how many. Checks nothing, and needs no running Latchkey.`,
    '--json   each record as it stands in the log: one JSON document a line, times in UTC.',
  ],
  example: 'latchkey audit tail -n 100',
  async run(argv) {
    const { values, positionals } = parseCommandLine(
      argv,
      { lines: { type: 'string', short: 'n' }, json: { type: 'boolean' } },
      ['verify or tail'],
    );
    const [action] = positionals;
    if (action === 'tail') {
      await tail(
        values.lines === undefined ? linesUnlessSaid : parseCount(values.lines),
        values.json ?? false,
      );
    } else if (action === 'verify') {
      if (values.lines !== undefined || values.json) throw invalid('-n and --json are for tail');
      await verify();
    } else throw invalid(`there is no audit ${JSON.stringify(action)}; there is verify, tail`);
  },
};

async function verify(): Promise<void> {
  const answer = await ownBroker().call('audit.verify', {});
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { proven, unproven, problems, notes } = answer.value;
  print(`${counted(proven)} proven to be complete and unchanged`);
  if (unproven > 0)
    print(`${counted(unproven)} newer than the last checkpoint: unchanged, but some could have been cut off`);
  for (const note of notes) print(`${styled('dim', 'Note')}     ${oneLine(note)}`);
  for (const problem of problems) print(`${styled('red', 'Problem')}  ${oneLine(problem)}`);
  if (problems.length > 0)
    throw new Refusal(
      'the audit log is not as Latchkey wrote it: somebody else changed it, or a disk failed',
    );
}

async function tail(count: number, asJson: boolean): Promise<void> {
  for (const line of await lastLines(count)) {
    const parsed = parseAuditLine(line);
    if (parsed === undefined)
      say('latchkey: a line of the audit log is no record; see: latchkey audit verify');
    else print(asJson ? line : inWords(parsed.record));
  }
}

/** The last lines of the log, the oldest first, from as many of its files as it takes. */
async function lastLines(count: number): Promise<string[]> {
  let lines: string[] = [];
  for (let age = 0; age <= auditFileCount && lines.length < count; age += 1) {
    const text = await readText(join(dataFolder(), auditFileName(age)));
    const older = text.split('\n').filter((line) => line !== '');
    lines = [...older.slice(-(count - lines.length)), ...lines];
  }
  return lines;
}

/** Empty where there is no such file: nothing was recorded yet, or it is not as old. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function inWords({ time, event, profile, count, client, detail }: AuditRecord): string {
  const parts = [
    styled('dim', localTime(time)),
    event === 'refused' ? styled('yellow', event) : event,
    profile && styled('bold', oneLine(profile)),
    count > 1 && `${count} times`,
    client && `by ${programInWords(client)}`,
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
