import type { SystemPreferences } from 'electron';
import { expect, it } from 'vitest';
import { ownerAuthentication } from '../../main/shell/owner-authentication.ts';

/** Touch ID as Electron's types have it; `answer` is the person's. */
class TouchIdDouble implements Pick<SystemPreferences, 'canPromptTouchID' | 'promptTouchID'> {
  readonly reasons: string[] = [];
  isThere: boolean;
  readonly #answer: () => Promise<void>;

  constructor(isThere: boolean, answer: () => Promise<void>) {
    this.isThere = isThere;
    this.#answer = answer;
  }

  canPromptTouchID(): boolean {
    return this.isThere;
  }

  promptTouchID(reason: string): Promise<void> {
    this.reasons.push(reason);
    return this.#answer();
  }
}

const confirmed = () => Promise.resolve();
const cancelled = () => Promise.reject(new Error('Authentication canceled.'));

it('asks by Touch ID, with the reason, and is confirmed', async () => {
  const touchId = new TouchIdDouble(true, confirmed);
  expect(await ownerAuthentication(touchId, 'darwin')?.confirm('unlock its sessions')).toBe(true);
  expect(touchId.reasons).toEqual(['unlock its sessions']);
});

it('is refused where the person cancels', async () => {
  const touchId = new TouchIdDouble(true, cancelled);
  expect(await ownerAuthentication(touchId, 'darwin')?.confirm('unlock its sessions')).toBe(false);
});

it('is refused where it can no longer be asked: a closed lid and wrong fingers confirm nobody', async () => {
  const touchId = new TouchIdDouble(true, confirmed);
  const authentication = ownerAuthentication(touchId, 'darwin');
  touchId.isThere = false;
  expect(await authentication?.confirm('unlock its sessions')).toBe(false);
});

it('is neither where it can never be asked, and asks nothing', async () => {
  const touchId = new TouchIdDouble(false, confirmed);
  const authentication = ownerAuthentication(touchId, 'darwin');
  expect(authentication).toBeDefined();
  expect(await authentication?.confirm('unlock its sessions')).toBeUndefined();
  expect(touchId.reasons).toEqual([]);
});

it.each(['win32', 'linux'] as const)('does not exist on %s', (platform) => {
  expect(ownerAuthentication(new TouchIdDouble(true, confirmed), platform)).toBeUndefined();
});
