import type { SystemPreferences } from 'electron';
import type { OwnerAuthentication } from '../platform/ports.ts';

/**
 * Touch ID on macOS, whose dialog takes the login password as well. Undefined elsewhere: Electron can ask neither
 * Windows Hello nor anything on Linux, and its `systemPreferences` has these functions on macOS only.
 *
 * It cannot be asked where there is no sensor or no finger enrolled, but also where the lid is closed and after five
 * wrong fingers: who is not the owner can bring that about, so what could be asked once in this run is not confirmed
 * then.
 */
export function ownerAuthentication(
  preferences: Pick<SystemPreferences, 'canPromptTouchID' | 'promptTouchID'>,
  platform: NodeJS.Platform = process.platform,
): OwnerAuthentication | undefined {
  if (platform !== 'darwin') return undefined;
  let couldAsk = preferences.canPromptTouchID();
  return {
    async confirm(reason) {
      if (!preferences.canPromptTouchID()) return couldAsk ? false : undefined;
      couldAsk = true;
      try {
        await preferences.promptTouchID(reason);
        return true;
      } catch {
        // Why is told in the person's language alone: a cancel, wrong fingers, another dialog over it.
        return false;
      }
    },
  };
}
