import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import type { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { needPython, startPythonServer } from './python.ts';
import { recordRequest, sendBytes } from './raw-http.ts';
import { aliceKeys, sampleWorld, stsClient } from './sample-world.ts';

needPython(['moto.server']);

let sts: EmbeddedSts;
let moto: Awaited<ReturnType<typeof startPythonServer>> | undefined;
beforeAll(async () => {
  sts = await startEmbeddedSts(sampleWorld);
});
afterAll(async () => {
  await sts.close();
  await moto?.[Symbol.asyncDispose]();
});

/** Element names with their nesting, one a line, in alphabetical order; and the type that the header names. */
async function shapeOf(url: string, call: (client: STSClient) => Promise<unknown>): Promise<string[]> {
  const recorded = await recordRequest((recorder) => call(stsClient(recorder, aliceKeys)));
  const { status, head, body } = await sendBytes(url, recorded);
  expect(status).toBe(200);
  const type = /^content-type: ([^;\r]*)/imu.exec(head)?.[1] ?? 'no type';
  return [`type ${type}`, ...elementPaths(body).sort()];
}

/** The paths of all elements of an XML text, attributes included. */
function elementPaths(xml: string): string[] {
  const open: string[] = [];
  const paths: string[] = [];
  for (const [, closing, name = '', attributes = ''] of xml.matchAll(/<(\/?)([A-Za-z]+)([^>]*)>/gu)) {
    if (closing === '/') {
      expect(open.pop()).toBe(name);
      continue;
    }
    open.push(name);
    paths.push(open.join('/') + attributes.trimEnd());
  }
  expect(open).toEqual([]);
  return paths;
}

const roleArn = 'arn:aws:iam::444455556666:role/team/Reader';

test.each<[string, (client: STSClient) => Promise<unknown>, string[]]>([
  ['GetCallerIdentity', (client) => client.send(new GetCallerIdentityCommand({})), []],
  ['GetSessionToken', (client) => client.send(new GetSessionTokenCommand({ DurationSeconds: 900 })), []],
  [
    'AssumeRole',
    (client) => client.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'work' })),
    // moto always answers a PackedPolicySize of 6. AWS has the element only where session policies or tags
    // were passed, whose packed size it is.
    ['AssumeRoleResponse/AssumeRoleResult/PackedPolicySize'],
  ],
])(
  'the answer to %s has the elements that moto gives it',
  async (_, call, onlyInMoto) => {
    moto ??= await startPythonServer('moto_server.py');
    const ours = await shapeOf(sts.url, call);
    const theirs = await shapeOf(moto.url, call);
    expect(ours.length).toBeGreaterThan(5);
    expect(ours).toEqual(theirs.filter((path) => !onlyInMoto.includes(path)));
    expect(theirs).toEqual(expect.arrayContaining(onlyInMoto));
  },
  60_000,
);
