/** Who may unlock, and by what. */
import { Failure } from '../failure.ts';
import type { OwnerAuthentication } from '../platform/ports.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** Where a call comes from: the window and its tray, or the local socket, which any program of this user can reach. */
export type Caller = 'interface' | 'command';

/**
 * Unlocks with a fresh MFA code, which STS confirms; else by the operating system's authentication where there is one;
 * else because the person is at the interface. A program that asks for credentials must not be able to let itself in.
 * @throws Failure Locked where it stays locked, with what would unlock it; of `Sessions.unlockWithCode`
 */
export async function unlock(
  parts: { readonly sessions: Sessions; readonly ownerAuthentication: OwnerAuthentication | undefined },
  proof: { readonly code?: string | undefined; readonly serial?: string | undefined },
  caller: Caller,
): Promise<void> {
  const { sessions, ownerAuthentication } = parts;
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
  if (isConfirmed === undefined && caller === 'command') {
    throw new Failure(
      'Locked',
      'A command alone does not unlock: use the interface (latchkey open) or the tray, or give an MFA code with "latchkey unlock CODE"',
    );
  }
  sessions.unlockFrom(lock);
}
