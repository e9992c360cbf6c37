/** Who may unlock, and by what. */
import { Failure } from '../failure.ts';
import type { OwnerAuthentication } from '../platform/ports.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Caller } from './caller.ts';

/**
 * Unlocks with a fresh MFA code, which STS confirms; else by the operating system's authentication where there is one;
 * else because the person is at the interface, or where no code can be given has confirmed it on a terminal. A program
 * that asks for credentials must not be able to let itself in.
 * @param parts.confirmPerson rejects with the Failure why it cannot be told that a person runs the command
 * @throws Failure Locked where it stays locked, with what would unlock it; of `Sessions.unlockWithCode`
 */
export async function unlock(
  parts: {
    readonly sessions: Sessions;
    readonly ownerAuthentication: OwnerAuthentication | undefined;
    readonly confirmPerson: () => Promise<void>;
  },
  proof: { readonly code?: string | undefined; readonly serial?: string | undefined },
  caller: Caller,
): Promise<void> {
  const { sessions, ownerAuthentication, confirmPerson } = parts;
  if (!sessions.isLocked) return;
  if (proof.code !== undefined) {
    await sessions.unlockWithCode(proof.code, proof.serial);
    return;
  }
  const lock = sessions.currentLock;
  const isConfirmed = await ownerAuthentication?.confirm('unlock the AWS sessions of this computer');
  if (isConfirmed === false)
    throw new Failure(
      'Locked',
      'It was not confirmed that it is you. Try again, or give an MFA code: latchkey unlock CODE',
    );
  if (isConfirmed === undefined && caller.from === 'command') {
    if (sessions.canUnlockWithCode)
      throw new Failure(
        'Locked',
        'A command alone does not unlock: use the interface (latchkey open) or the tray, or give an MFA code with "latchkey unlock CODE"',
      );
    await confirmPerson();
  }
  sessions.unlockFrom(lock);
}
