/** Which of the MFA codes that are wanted a profile's session waits for. */
import type { KeyView, ProfileView, Prompt } from '../../preload/contract.ts';
import type { WatchedState } from './watched-state.ts';

/** The prompt that a profile waits for: none while it has a session, which is given at once whatever else is asked for. */
export function promptOf(state: WatchedState, name: string): Prompt | undefined {
  const session = state.profile(name)?.session;
  const isWaiting = session?.state === 'waitingForMfa' && session.expiresAtMs === undefined;
  return isWaiting ? promptOfDevices(state, name) : undefined;
}

/** The prompt of a device in a profile's chain, whoever it was opened for. */
export function promptOfDevices(state: WatchedState, name: string): Prompt | undefined {
  const serials = devicesOf(state, name);
  return state.prompts.find(({ serial, profile }) => profile === name || serials.has(serial));
}

/** The devices in a profile's chain: a prompt may have been opened for another profile that shares one. */
export function devicesOf(
  { profiles, keys }: { readonly profiles: readonly ProfileView[]; readonly keys: readonly KeyView[] },
  name: string,
): ReadonlySet<string> {
  const viewOf = (wanted: string) => profiles.find(({ profile }) => profile.name === wanted);
  const serials = new Set<string>();
  const seen = new Set<string>();
  let view = viewOf(name);
  while (view !== undefined && !seen.has(view.profile.name)) {
    const { name: own, mfaSerial, base } = view.profile;
    seen.add(own);
    if (mfaSerial !== undefined) serials.add(mfaSerial);
    if ('profile' in base) {
      view = viewOf(base.profile);
    } else {
      const key = keys.find(({ label }) => label === base.key);
      if (key?.mfaSerial !== undefined) serials.add(key.mfaSerial);
      view = undefined;
    }
  }
  return serials;
}
