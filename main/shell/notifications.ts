import type { ProfileView, Prompt } from '../../preload/contract.ts';
import type { Service } from '../control/service.ts';
import { unreachable, type FailureCode } from '../failure.ts';

/** The desktop's notifications. `electron-notifier.ts` has the real ones. */
export interface Notifier {
  /** Shows a message that `clicked` belongs to; disposing the result takes it away. It must not take the focus. */
  notify(message: { title: string; body: string }, clicked: () => void): Disposable;
}

/**
 * What is worth a notification: a problem that lasts until a person does something about it. Latchkey gets over
 * the others (no network, throttling) by itself, and a notification for each would soon be turned off.
 */
const lastingProblems: readonly string[] = [
  'Refused',
  'KeyMissing',
  'KeychainUnavailable',
  'KeychainLocked',
  'InvalidInput',
] satisfies FailureCode[];

/**
 * Tells the person that an MFA code is needed, and that a session was refused: SDKs show neither, whatever the
 * endpoint answers them. It never opens the window by itself, since prompts that come up unasked train people to
 * answer them; and says nothing while the person is looking at the window.
 */
export function runNotifications(parts: {
  service: Service;
  notifier: Notifier;
  isWindowFocused: () => boolean;
  openWindow: () => void;
}): Disposable {
  /** By MFA serial: one notification for each device, however many profiles wait for it. */
  const prompts = new Map<string, Disposable | undefined>();
  /** By profile: what was told last, so that a retry that fails in the same way is not told again. */
  const refusals = new Map<string, { problem: string; notification: Disposable | undefined }>();

  function notify(title: string, body: string): Disposable | undefined {
    return parts.isWindowFocused() ? undefined : parts.notifier.notify({ title, body }, parts.openWindow);
  }

  function tellPrompts(current: readonly Prompt[]) {
    for (const [serial, notification] of prompts) {
      if (current.some((prompt) => prompt.serial === serial)) continue;
      notification?.[Symbol.dispose]();
      prompts.delete(serial);
    }
    for (const { serial, profile } of current) {
      if (prompts.has(serial)) continue;
      prompts.set(
        serial,
        notify(`MFA code needed for ${profile}`, `Device ${serial}. Click to enter the code.`),
      );
    }
  }

  function tellRefusal({ profile: { name }, session }: ProfileView) {
    const told = refusals.get(name);
    if (session.state === 'active') forgetRefusal(name);
    if (session.problem === undefined || !lastingProblems.includes(session.problem.code)) return;
    const problem = session.problem.message;
    if (told?.problem === problem) return;
    told?.notification?.[Symbol.dispose]();
    refusals.set(name, { problem, notification: notify(`No session for ${name}`, problem) });
  }

  function forgetRefusal(name: string) {
    refusals.get(name)?.notification?.[Symbol.dispose]();
    refusals.delete(name);
  }

  const subscription = parts.service.subscribe((event) => {
    switch (event.type) {
      case 'state':
        tellPrompts(event.state.status.prompts);
        return event.state.profiles.forEach(tellRefusal);
      case 'status':
        return tellPrompts(event.status.prompts);
      case 'profile':
        return tellRefusal(event.profile);
      case 'profileRemoved':
        return forgetRefusal(event.name);
      default:
        return unreachable(event);
    }
  });

  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const notification of prompts.values()) notification?.[Symbol.dispose]();
      for (const { notification } of refusals.values()) notification?.[Symbol.dispose]();
    },
  };
}
