import { beforeEach, describe, expect, test } from 'vitest';
import { Person } from '../../main/control/person.ts';
import { composeClient, composeProcess } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const asker = composeClient({ pid: 500, name: 'terraform' });
const startedByAsker = composeClient({ pid: 501, name: 'latchkey' }, [asker.process]);
const another = composeClient({ pid: 900, name: 'latchkey' });
const starter = composeClient({ pid: process.ppid });

let person: Person;
beforeEach(() => {
  const requests = new Map([['k3', { client: asker, profile: 'production' }]]);
  person = new Person(new FakeClock(), { request: (id) => requests.get(id) });
});

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
  });
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
  });

  test('is not given by the asker, also where that started the broker', async () => {
    const requests = new Map([['k3', { client: starter, profile: 'production' }]]);
    const own = new Person(new FakeClock(), { request: (id) => requests.get(id) });
    await expect(own.confirm('approvals.allow', approval, fromCommand(starter))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('from where it could do that itself') as string,
    });
  });

  test('that is not asked for any more is not found', async () => {
    await expect(
      person.confirm('approvals.allow', { ...approval, id: 'gone' }, fromCommand(another)),
    ).rejects.toMatchObject({ code: 'NotFound' });
  });
});
