import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuditEntry } from '../../main/audit/audit-log.ts';
import type { ProgramIdentity } from '../../main/clients/access.ts';
import { standardSettings } from '../../main/configuration/settings.ts';
import { Person } from '../../main/control/person.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import type { Client } from '../../main/platform/ports.ts';
import { composeClient, composeProcess } from '../fixtures/clients.ts';
import { openTerminal, withTerminals } from '../fixtures/pseudo-terminal.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const asker = composeClient({ pid: 500, name: 'terraform' });
const startedByAsker = composeClient({ pid: 501, name: 'latchkey' }, [asker.process]);
const another = composeClient({ pid: 900, name: 'latchkey' });
const starter = composeClient({ pid: process.ppid });

let noted: AuditEntry[];
let person: Person;
beforeEach(() => {
  noted = [];
  person = personWith(asker);
});

function personWith(client: Client, identity?: ProgramIdentity): Person {
  const requests = new Map([['k3', { client, profile: 'production', identity }]]);
  return new Person({
    clock: new FakeClock(),
    settings: () => standardSettings,
    approvals: { request: (id) => requests.get(id) },
    audit: {
      note: (entry) => {
        noted.push(entry);
        return { again: () => false };
      },
    },
  });
}

const fromCommand = (client: typeof asker | undefined) =>
  ({ from: 'command', client: Promise.resolve(client) }) as const;
const removal = { name: 'reader' };
const approval = { id: 'k3', allowance: 'once' } as const;
const refused = { code: 'Refused' };

describe('what only a person may do', () => {
  test('is done from the window, from a browser, and by the program that started the broker', async () => {
    await person.confirm('profiles.remove', removal, { from: 'window' });
    await person.confirm('profiles.remove', removal, { from: 'browser', openedBy: undefined });
    await person.confirm('profiles.remove', removal, { from: 'browser', openedBy: another });
    await person.confirm('profiles.remove', removal, fromCommand(starter));
  });

  test.each([
    ['without a terminal', another],
    ['that cannot be told', undefined],
    [
      'with a parent that started the broker',
      composeClient({ pid: 902 }, [composeProcess({ pid: process.ppid })]),
    ],
  ])('is refused to a program %s', async (_case, client) => {
    await expect(person.confirm('profiles.remove', removal, fromCommand(client))).rejects.toMatchObject(
      refused,
    );
    expect(noted).toEqual([{ event: 'refused', detail: 'profiles.remove', client }]);
  });
});

test('a profile is confirmed by its whole role, and by whom it is assumed', async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  using terminal = await openTerminal();
  const roleArn = `arn:aws:iam::444455556666:role/${'path/'.repeat(100)}Administrator`;
  const profile = profileSchema.parse({ name: 'own', roleArn, base: { key: 'work' }, region: 'eu-west-1' });
  const caller = fromCommand(composeClient({ pid: 900, sessionId: 900, terminal: terminal.path }));
  await expect(person.confirm('profiles.save', { profile }, caller)).rejects.toMatchObject({
    code: 'ChallengeNeeded',
  });
  const shown = `add the profile own (${roleArn}, by the access key "work", not protected)`;
  await vi.waitFor(() => expect(terminal.shown().replaceAll(/\r?\n/g, '')).toContain(shown));
});

describe('an approval', () => {
  test('is given from the window, and from a browser that another program or nobody opened', async () => {
    await person.confirm('approvals.allow', approval, { from: 'window' });
    await person.confirm('approvals.allow', approval, { from: 'browser', openedBy: another });
    await person.confirm('approvals.allow', approval, { from: 'browser', openedBy: undefined });
  });

  test('is not given from a browser that was opened out of the asker’s process tree', async () => {
    const caller = { from: 'browser', openedBy: startedByAsker } as const;
    await expect(person.confirm('approvals.allow', approval, caller)).rejects.toMatchObject(refused);
    expect(noted).toEqual([{ event: 'refused', detail: 'approvals.allow', client: startedByAsker }]);
  });

  test('is not given by the asker, also where that started the broker', async () => {
    const own = personWith(starter);
    await expect(own.confirm('approvals.allow', approval, fromCommand(starter))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('from where it could do that itself') as string,
    });
  });

  test('that lasts is confirmed by what it will hold for, and not by what the program calls itself', async ({
    skip,
  }) => {
    if (withTerminals.missing) skip(withTerminals.note);
    using terminal = await openTerminal();
    const program = composeClient({ pid: 500, name: 'deploy.py' });
    const script = { kind: 'script', interpreter: '/usr/bin/python3', options: null } as const;
    const own = personWith(program, { ...script, script: '/tmp/x/deploy.py', sha256: 'a'.repeat(64) });
    const caller = fromCommand(composeClient({ pid: 900, sessionId: 900, terminal: terminal.path }));
    const asked = own.confirm('approvals.allow', { id: 'k3', allowance: 'always' }, caller);
    await expect(asked).rejects.toMatchObject({ code: 'ChallengeNeeded' });
    const shown = 'to allow deploy.py (/tmp/x/deploy.py) by python3 the profile production, always.';
    await vi.waitFor(() => {
      expect(terminal.shown()).toContain(shown);
    });
  });

  test('that is not asked for any more is not found', async () => {
    await expect(
      person.confirm('approvals.allow', { ...approval, id: 'gone' }, fromCommand(another)),
    ).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('a change of the settings', () => {
  test('is confirmed by what it does, and by which defence it weakens', async ({ skip }) => {
    if (withTerminals.missing) skip(withTerminals.note);
    using terminal = await openTerminal();
    const caller = fromCommand(composeClient({ pid: 900, sessionId: 900, terminal: terminal.path }));
    const asked = person.confirm('settings.save', { imdsV1: true, port: 9300 }, caller);
    await expect(asked).rejects.toMatchObject({ code: 'ChallengeNeeded' });
    await vi.waitFor(() => {
      expect(terminal.shown()).toContain(
        'to set IMDS without a token (version 1) on (weakens a defence), the endpoint’s port 9300.',
      );
    });
  });
});
