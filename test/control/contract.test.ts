/** What the contract's types and schemas hold by themselves, before any transport. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { calls, commandCalls, eventSchema } from '../../preload/contract.ts';
import type { CallName, Input, LatchkeyApi, Output } from '../../preload/contract.ts';

/** The names of all fields in a schema's JSON, however deep. */
function fieldsOf(schema: z.core.$ZodType): ReadonlySet<string> {
  const names = new Set<string>();
  JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any' }), (key, value: unknown) => {
    if (key === 'properties' && typeof value === 'object' && value !== null)
      for (const name of Object.keys(value)) names.add(name);
    return value;
  });
  return names;
}

/** As AWS, its SDKs, and what hands credentials on call them. */
const credential =
  /secret(?!s$)|password|credential|^(session|security|bearer)?_?token$|^token|^code$|seed|signature/i;
/** Why something was not done, in words for programs. */
const problemCode = 'code';

describe('the contract', () => {
  test('has no field for a credential, a token or a code in what the interface is told', () => {
    const told = [...Object.values(calls).map(({ output }) => output), eventSchema];
    const names = new Set(told.flatMap((schema) => [...fieldsOf(schema)]));
    expect(names).toContain('accessKeyId');
    expect(names).toContain('effectiveDurationSeconds');
    const found = [...names].filter((name) => credential.test(name) && name !== problemCode);
    // The names of tokens, with what they are for.
    expect(found).toEqual(['tokens']);
  });

  test('has such fields where a person gives one, and where the command is told one: they would be found', () => {
    expect([...fieldsOf(calls['keys.add'].input)].filter((name) => credential.test(name))).toEqual([
      'secretAccessKey',
    ]);
    expect([...fieldsOf(commandCalls['tokens.create'].output)]).toContain('token');
    expect('token').toMatch(credential);
  });

  test('lets nothing through in an output that it does not declare', () => {
    const told = { url: 'http://127.0.0.1:9254/container/reader', token: 'not to be told' };
    expect(calls['tokens.createAndCopy'].output.parse(told)).toEqual({ url: told.url });
  });

  test('makes a call that it does not declare a compile error, and so a field or an answer', () => {
    const made: unknown[] = [];
    const api: Pick<LatchkeyApi, 'call'> = {
      call: (name, input) => {
        made.push([name, input]);
        return Promise.resolve({ problem: { code: 'Internal', message: '' } });
      },
    };
    const name: CallName = 'profiles.use';
    void api.call(name, { name: 'reader' });
    // @ts-expect-error there is no such call
    void api.call('keys.export', { name: 'reader' });
    // @ts-expect-error the command's calls are not the interface's
    void api.call('tokens.create', { name: 'ci', profile: 'reader' });
    // @ts-expect-error it has no such input
    void api.call('profiles.use', { profile: 'reader' });
    // @ts-expect-error no answer of it has a secret
    type _NoSecret = Output<'keys.add'>['secretAccessKey'];
    const input: Input<'profiles.use'> = { name: 'reader' };
    expect(made).toContainEqual(['profiles.use', input]);
    expect(made).toHaveLength(4);
  });
});
