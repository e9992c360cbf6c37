/** The lines of the audit log, out of its files: no broker is needed to read them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditFileCount, auditFileName } from '../audit/record.ts';
import { dataFolder } from '../platform/data-folder.ts';
import { Refusal } from './command.ts';

/** The last lines of the log, the oldest first, from as many of its files as it takes. */
export async function lastAuditLines(count: number): Promise<string[]> {
  let lines: string[] = [];
  for (let age = 0; age <= auditFileCount && lines.length < count; age += 1) {
    const older = await linesOf(age);
    lines = [...older.slice(-(count - lines.length)), ...lines];
  }
  return lines;
}

/** Every line of the log, the oldest first, file by file. */
export async function* allAuditLines(): AsyncGenerator<string, void, void> {
  for (let age = auditFileCount; age >= 0; age -= 1) yield* await linesOf(age);
}

/** Empty where there is no such file: nothing was recorded yet, or it is not as old. */
async function linesOf(age: number): Promise<string[]> {
  const path = join(dataFolder(), auditFileName(age));
  try {
    return (await readFile(path, 'latin1')).split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
