import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../main/control/caller.ts';
import { unlock } from '../../main/control/unlock.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { roles, startEngine, type Engine } from '../sessions/engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
  engine.core.sessions.lock();
});

afterEach(() => engine[Symbol.asyncDispose]());

/** @param confirmed what the operating system's authentication says; 'none' where there is none */
function tryUnlock(
  from: 'interface' | 'command',
  confirmed: boolean | undefined | 'none',
  code?: string,
  confirmPerson: () => Promise<void> = () => Promise.reject(new Error('nobody was to be asked')),
): Promise<void> {
  const ownerAuthentication =
    confirmed === 'none' ? undefined : { confirm: () => Promise.resolve(confirmed) };
  const caller: Caller =
    from === 'interface' ? { from: 'window' } : { from, client: Promise.resolve(undefined) };
  return unlock({ sessions: engine.core.sessions, ownerAuthentication, confirmPerson }, { code }, caller);
}

const isLocked = () => engine.core.sessions.isLocked;

describe('Latchkey is unlocked', () => {
  it.each(['none', undefined] as const)(
    'from the interface as it is, where the operating system cannot ask (%s)',
    async (confirmed) => {
      await tryUnlock('interface', confirmed);
      expect(isLocked()).toBe(false);
    },
  );

  it.each(['interface', 'command'] as const)(
    'from the %s where the operating system has made sure that it is the owner',
    async (caller) => {
      await tryUnlock(caller, true);
      expect(isLocked()).toBe(false);
    },
  );

  it.each(['interface', 'command'] as const)('from the %s by a code that STS confirms', async (caller) => {
    await tryUnlock(caller, 'none', engine.code());
    expect(isLocked()).toBe(false);
  });
});

describe('Latchkey stays locked', () => {
  it.each(['interface', 'command'] as const)(
    'for the %s where the owner was not confirmed',
    async (caller) => {
      await expect(tryUnlock(caller, false)).rejects.toMatchObject({ code: 'Locked' });
      expect(isLocked()).toBe(true);
    },
  );

  it.each(['none', undefined] as const)(
    'for a command alone, which any program can run (authentication: %s)',
    async (confirmed) => {
      await expect(tryUnlock('command', confirmed)).rejects.toMatchObject({
        code: 'Locked',
        message: expect.stringContaining('latchkey unlock CODE') as string,
      });
      expect(isLocked()).toBe(true);
    },
  );

  it.each(['interface', 'command'] as const)('for the %s with a wrong code', async (caller) => {
    const wrong = engine.code() === '000000' ? '000001' : '000000';
    await expect(tryUnlock(caller, true, wrong)).rejects.toMatchObject({ code: 'MfaRejected' });
    expect(isLocked()).toBe(true);
  });
});

describe('where there is no MFA device whose code could be given', () => {
  beforeEach(async () => {
    await engine.core.profiles.remove('guarded');
  });

  it('a command unlocks once a person has confirmed it', async () => {
    await tryUnlock('command', 'none', undefined, () => Promise.resolve());
    expect(isLocked()).toBe(false);
  });

  it('a command does not where nobody has', async () => {
    const refusal = new Error('nobody is there');
    await expect(tryUnlock('command', 'none', undefined, () => Promise.reject(refusal))).rejects.toBe(
      refusal,
    );
    expect(isLocked()).toBe(true);
  });
});
