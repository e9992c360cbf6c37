import { describe, expect, test } from 'vitest';
import type { ActivityRecord } from '../../preload/contract.ts';
import { firstProgram, nameWithVersion } from '../../renderer/shell/first-program.ts';

const sinceMs = 1000;

function record(id: number, changes: Partial<ActivityRecord> = {}): ActivityRecord {
  return { id, atMs: sinceMs + id, event: 'served', profile: 'reader', count: 1, ...changes };
}

describe('the first program', () => {
  test('is the first one that got a profile since a role was added', () => {
    const earlier = record(1, { atMs: sinceMs - 1 });
    const other = record(2, { event: 'switched' });
    expect(firstProgram([earlier, other], sinceMs)).toBeUndefined();
    expect(firstProgram([earlier, other, record(3), record(4)], sinceMs)?.id).toBe(3);
  });

  test('is told though it was refused, until one gets a profile', () => {
    const refused = [1, 2].map((id) => record(id, { event: 'refused', detail: 'MFA code needed' }));
    expect(firstProgram(refused, sinceMs)?.id).toBe(2);
    expect(firstProgram([...refused, record(3)], sinceMs)?.id).toBe(3);
  });

  test('is none that was refused for another reason than a profile', () => {
    const { profile: _none, ...without } = record(1, { event: 'refused', detail: 'a wrong Host' });
    expect(firstProgram([without], sinceMs)).toBeUndefined();
  });
});

describe('a program’s version', () => {
  test.each([
    ['aws', '/usr/local/aws-cli/v2/2.31.1/dist/aws', 'aws 2.31.1'],
    ['terraform', '/home/alice/.tfenv/versions/1.13.5/terraform', 'terraform 1.13.5'],
    ['node', '/home/alice/.nvm/versions/node/v22.11.0/bin/node', 'node 22.11.0'],
    ['aws', String.raw`C:\Tools\awscli\2.31.1\aws.exe`, 'aws 2.31.1'],
  ])('is told where its path has one: %s at %s', (name, executable, told) => {
    expect(nameWithVersion({ name, executable })).toBe(told);
  });

  test.each([
    ['that of its interpreter', '/home/alice/.pyenv/versions/3.12.1/bin/python3.12'],
    ['in no folder', '/usr/bin/aws'],
    ['what is no version', '/home/alice/v2/aws'],
    ['of a path that is not known', undefined],
  ])('is not told where it is not known: %s', (_why, executable) => {
    expect(nameWithVersion({ name: 'aws', executable })).toBe('aws');
  });
});
