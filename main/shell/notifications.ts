import type { ApprovalRequest, ProfileView, Prompt, Status } from '../../preload/contract.ts';
import type { Service } from '../control/service.ts';
import { unreachable, type FailureCode } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import {
  announcedForMs,
  approvalInWords,
  handedOutInWords,
  minutesInWords,
  oneLine,
  promptedFor,
} from './tray-menu.ts';

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
 * Why a program was refused that no other notification tells of. SDKs show none of it over IMDS; here it is told of once
 * as long as programs meet it again and again.
 */
const toldWithPrograms: readonly string[] = [
  'Locked',
  'NotFound',
  'Refused',
  'Unreachable',
  'Throttled',
  'Internal',
] satisfies FailureCode[];

const minuteMs = 60_000;
/** What programs were not refused for in so long is news when they are again: .NET asks every two minutes. */
const goesOnMs = 10 * minuteMs;
/** Timers may fire a little before the time that the wall clock shows. */
const timerSlackMs = 1000;

/**
 * Tells the person that an MFA code is needed or soon will be, that a program waits to be allowed, that a session was
 * refused, that a program got nothing for another reason, and that a protected profile has gone back: SDKs show none of
 * it, whatever the endpoint answers them. It never opens the window by itself, since prompts that come up unasked train
 * people to answer them; and says nothing while the person is looking at the window.
 */
export function runNotifications(parts: {
  service: Service;
  notifier: Notifier;
  clock: Clock;
  isWindowFocused: () => boolean;
  openWindow: () => void;
}): Disposable {
  /** By MFA serial: one notification for each device, however many profiles wait for it. */
  const prompts = new Map<string, { isAnnouncement: boolean; notification: Disposable | undefined }>();
  /** By its identifier: each program that waits to be allowed. */
  const approvals = new Map<string, Disposable | undefined>();
  /** By profile: what was told last, so that a retry that fails in the same way is not told again. */
  const refusals = new Map<string, { problem: string; notification: Disposable | undefined }>();
  /** By reason: when a program got nothing for it, and what was told of that. */
  const requests = new Map<string, { lastAtMs: number; notification: Disposable | undefined }>();
  /** What of the state was told last that most of those reasons are about. */
  let standing = '';
  /** The protected profile that is active, and what is to follow it. */
  let returning: { from: string; to: string | null; atMs: number } | undefined;
  let returned: Disposable | undefined;

  /** By the settings; what is shown when they are turned off stays until it is answered. */
  let areWanted = true;

  function notify(title: string, body: string): Disposable | undefined {
    return !areWanted || parts.isWindowFocused()
      ? undefined
      : parts.notifier.notify({ title, body }, parts.openWindow);
  }

  /** What a person has put aside is news again when it comes back. */
  function tellPrompts(open: readonly Prompt[]) {
    const current = open.filter(({ snoozedUntilMs }) => snoozedUntilMs === undefined);
    for (const [serial, { notification }] of prompts) {
      if (current.some((prompt) => prompt.serial === serial)) continue;
      notification?.[Symbol.dispose]();
      prompts.delete(serial);
    }
    for (const prompt of current) {
      const told = prompts.get(prompt.serial);
      const isAnnouncement = announcedForMs(prompt) !== undefined;
      const isNews = told === undefined || (told.isAnnouncement && !isAnnouncement);
      if (!isNews) continue;
      told?.notification?.[Symbol.dispose]();
      prompts.set(prompt.serial, { isAnnouncement, notification: tellPrompt(prompt) });
    }
  }

  function tellApprovals(current: readonly ApprovalRequest[]) {
    for (const [id, notification] of approvals) {
      if (current.some((request) => request.id === id)) continue;
      notification?.[Symbol.dispose]();
      approvals.delete(id);
    }
    for (const request of current) {
      if (approvals.has(request.id)) continue;
      const { program, accountId } = request;
      const parents = program.parents.map(({ name }) => name).join(', ');
      const facts = [
        parents === '' ? '' : `Started by ${parents}.`,
        program.workingFolder === undefined ? '' : `In ${program.workingFolder}.`,
        program.forwarder === undefined ? '' : `For a program inside ${program.forwarder}.`,
        `Account ${accountId}. Click to decide.`,
      ];
      approvals.set(request.id, notify(approvalInWords(request), facts.filter(Boolean).join(' ')));
    }
  }

  function tellPrompt(prompt: Prompt): Disposable | undefined {
    const { serial, accountId } = prompt;
    const neededAtMs = announcedForMs(prompt);
    const where = `Account ${accountId}, device ${serial}.`;
    if (neededAtMs === undefined)
      return notify(`MFA code needed for ${promptedFor(prompt)}`, `${where} Click to enter the code.`);
    // Rounded, as it is told once: ten minutes ahead less a millisecond is not "in 9 min".
    const left = minutesInWords(Math.round((neededAtMs - parts.clock.now()) / minuteMs) * minuteMs);
    return notify(
      `An MFA code will be needed in ${left} for ${promptedFor(prompt)}`,
      `Give it now and nothing stops. ${where}`,
    );
  }

  function tellRefusal({ profile: { name }, session }: ProfileView) {
    const told = refusals.get(name);
    if (session.state === 'active') forgetRefusal(name);
    if (session.problem === undefined || !lastingProblems.includes(session.problem.code)) return;
    const { message, mfaAgeSeconds } = session.problem;
    if (told?.problem === message) return;
    told?.notification?.[Symbol.dispose]();
    const offer =
      mfaAgeSeconds === undefined
        ? ''
        : ` (its MFA code was given ${minutesInWords(mfaAgeSeconds * 1000)} ago; a fresh one may help)`;
    const notification = notify(`No session for ${name}`, `${message}${offer}`);
    refusals.set(name, { problem: message, notification });
  }

  function forgetRefusal(name: string) {
    refusals.get(name)?.notification?.[Symbol.dispose]();
    refusals.delete(name);
  }

  function tellRequests({ refusals: refused, locked, active }: Status) {
    if (standing !== `${locked} ${active}`) takeRequestsAway();
    standing = `${locked} ${active}`;
    for (const { reason, code = '', lastAtMs, program = 'a program' } of refused) {
      if (!toldWithPrograms.includes(code)) continue;
      const before = requests.get(reason);
      const isNews = lastAtMs - (before?.lastAtMs ?? -Infinity) >= goesOnMs && !isToldOfSession(reason);
      if (isNews) before?.notification?.[Symbol.dispose]();
      const notification = isNews
        ? notify(`No credentials for ${oneLine(program)}`, reason)
        : before?.notification;
      requests.set(reason, { lastAtMs, notification });
    }
    for (const [reason, { notification }] of requests) {
      if (refused.some((request) => request.reason === reason)) continue;
      notification?.[Symbol.dispose]();
      requests.delete(reason);
    }
  }

  /** What was told of them. They stay known: the status lists them on. */
  function takeRequestsAway() {
    for (const { notification } of requests.values()) notification?.[Symbol.dispose]();
  }

  function isToldOfSession(reason: string): boolean {
    return [...refusals.values()].some(({ problem }) => problem === reason);
  }

  /** Tells of a return that came by itself: whoever switches back knows it. */
  function tellReturn({ active, returns, handedOut }: Status) {
    const expected = returning;
    returning = active === null || returns === null ? undefined : { from: active, ...returns };
    if (expected === undefined || active === expected.from || active !== expected.to) return;
    if (parts.clock.now() < expected.atMs - timerSlackMs) return;
    const { from, to } = expected;
    const held = handedOut.find(({ profile }) => profile === from);
    returned?.[Symbol.dispose]();
    returned = notify(
      to === null ? 'No active profile' : `Back to ${to}`,
      `The time of ${from} is over.${held === undefined ? '' : ` ${handedOutInWords(held)}.`}`,
    );
  }

  function tellStatus(status: Status) {
    areWanted = status.settings.notifications;
    tellPrompts(status.prompts);
    tellApprovals(status.approvalRequests);
    tellRequests(status);
    tellReturn(status);
  }

  const subscription = parts.service.subscribe((event) => {
    switch (event.type) {
      case 'state':
        event.state.profiles.forEach(tellRefusal);
        return tellStatus(event.state.status);
      case 'status':
        return tellStatus(event.status);
      case 'profile':
        return tellRefusal(event.profile);
      case 'profileRemoved':
        return forgetRefusal(event.name);
      case 'activity':
        return;
      default:
        return unreachable(event);
    }
  });

  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const { notification } of prompts.values()) notification?.[Symbol.dispose]();
      for (const notification of approvals.values()) notification?.[Symbol.dispose]();
      for (const { notification } of refusals.values()) notification?.[Symbol.dispose]();
      takeRequestsAway();
      returned?.[Symbol.dispose]();
    },
  };
}
