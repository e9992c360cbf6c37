import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { limits } from './parameters.ts';
import { aliceKeys, refusalOf, sampleWorld, stsClient } from './sample-world.ts';

let sts: EmbeddedSts;
beforeAll(async () => {
  sts = await startEmbeddedSts(sampleWorld);
});
afterAll(() => sts.close());

const prefix = 'arn:aws:iam::444455556666:role/';
const good = { RoleArn: `${prefix}LongReader`, RoleSessionName: 'work' };
const constraint = (value: string, member: string, must: string): string =>
  `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must ${must}`;

/** The refusal of an AssumeRole with this input beside the good one, or `accepted` if the input passed validation. */
async function judge(input: object): Promise<string> {
  const call = stsClient(sts.url, aliceKeys).send(new AssumeRoleCommand({ ...good, ...input }));
  return judgement(call);
}

async function judgement(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch {
    // Which refusal it is, is read below.
  }
  const { code, message } = await refusalOf(call);
  // Limits are checked first: whatever else refuses has let the input pass.
  return code === 'ValidationError' && message.includes('detected:') ? message : 'accepted';
}

/** A text that keeps to the pattern, of this length. */
const texts = {
  RoleArn: (length: number) => prefix.slice(0, length) + 'a'.repeat(Math.max(0, length - prefix.length)),
  RoleSessionName: (length: number) => 'a'.repeat(length),
  ExternalId: (length: number) => 'a'.repeat(length),
  SerialNumber: (length: number) => 'a'.repeat(length),
  TokenCode: (length: number) => '1'.repeat(length),
};
const memberNames = {
  RoleArn: 'roleArn',
  RoleSessionName: 'roleSessionName',
  ExternalId: 'externalId',
  SerialNumber: 'serialNumber',
  TokenCode: 'tokenCode',
};
const names = ['RoleArn', 'RoleSessionName', 'ExternalId', 'SerialNumber', 'TokenCode'] as const;

describe.each(names)('%s', (name) => {
  const { min, max, pattern } = limits[name];
  const text = texts[name];

  test('is accepted at its shortest and its longest', async () => {
    expect(await judge({ [name]: text(min) })).toBe('accepted');
    expect(await judge({ [name]: text(max) })).toBe('accepted');
  });

  test('is refused when it is one shorter or one longer', async () => {
    const [short, long] = [text(min - 1), text(max + 1)];
    expect(await judge({ [name]: short })).toBe(
      constraint(short, memberNames[name], `have length greater than or equal to ${String(min)}`),
    );
    expect(await judge({ [name]: long })).toBe(
      constraint(long, memberNames[name], `have length less than or equal to ${String(max)}`),
    );
  });

  test('is refused with a character outside its pattern', async () => {
    // No pattern allows the null character, which XML cannot hold, so STS shows it replaced.
    const bad = name === 'RoleArn' ? '\u0001' : '#';
    const shown = name === 'RoleArn' ? '\uFFFD' : '#';
    const value = text(min).slice(0, -1);
    expect(await judge({ [name]: value + bad })).toBe(
      constraint(value + shown, memberNames[name], `satisfy regular expression pattern: ${pattern}`),
    );
  });
});

test.each([
  ['RoleSessionName', 'aZ_09+=,.@-'],
  ['ExternalId', 'aZ_09+=,.@:/-'],
  ['SerialNumber', 'aZ_09+=/:,.@-'],
  ['RoleArn', `${prefix}a b/\u00fc\u4e2d/Z`],
])('%s accepts each kind of character of its pattern', async (name, value) => {
  expect(await judge({ [name]: value })).toBe('accepted');
});

test.each([
  ['RoleSessionName', ['a:b', 'a/b', 'a b', 'a\u00fcb', 'a\nb', 'ab\n']],
  ['ExternalId', ['a b', 'a\u00fcb', 'a*b', 'ab\n']],
  ['SerialNumber', ['aaaaaaaaa b', 'aaaaaaaaa#']],
  ['TokenCode', ['12345a', '12 456', '\u0661\u0662\u0663\u0664\u0665\u0666']],
])('%s refuses characters that look as if they could belong', async (name, values) => {
  for (const value of values) {
    expect(await judge({ [name]: value })).toMatch(
      /failed to satisfy constraint: Member must satisfy regular/u,
    );
  }
});

test.each([
  ['AssumeRole', 899, 'greater than or equal to 900'],
  ['AssumeRole', 900, undefined],
  ['AssumeRole', 43200, undefined],
  ['AssumeRole', 43201, 'less than or equal to 43200'],
  ['AssumeRole', 0, 'greater than or equal to 900'],
  ['AssumeRole', -1, 'greater than or equal to 900'],
  ['GetSessionToken', 899, 'greater than or equal to 900'],
  ['GetSessionToken', 900, undefined],
  ['GetSessionToken', 129600, undefined],
  ['GetSessionToken', 129601, 'less than or equal to 129600'],
])('%s for %i seconds must be %s', async (action, seconds, must) => {
  const client = stsClient(sts.url, aliceKeys);
  const call =
    action === 'AssumeRole'
      ? client.send(new AssumeRoleCommand({ ...good, DurationSeconds: seconds }))
      : client.send(new GetSessionTokenCommand({ DurationSeconds: seconds }));
  expect(await judgement(call)).toBe(
    must === undefined ? 'accepted' : constraint(String(seconds), 'durationSeconds', `have value ${must}`),
  );
});

test('a missing parameter is null, and several broken limits are named together', async () => {
  expect(await judge({ RoleArn: undefined, RoleSessionName: 'a', DurationSeconds: 1 })).toBe(
    "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; " +
      "Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; " +
      "Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
  );
});

test('a duration that is no whole number is refused', async () => {
  const client = stsClient(sts.url, aliceKeys);
  const call = client.send(new GetSessionTokenCommand({ DurationSeconds: 900.5 }));
  expect(await refusalOf(call)).toMatchObject({ code: 'MalformedInput', status: 400 });
});

test('markup in a value comes back as text', async () => {
  const name = `<b>&amp;"'</b>`;
  expect(await judge({ RoleSessionName: name })).toContain(`Value '${name}' at 'roleSessionName'`);
});
