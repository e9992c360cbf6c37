/** What each call of the contract does. */
import type {
  CallName,
  CommandCallName,
  commandCalls,
  CommandOutput,
  Output,
  ParsedInput,
  ProfileView,
} from '../../preload/contract.ts';
import type * as z from 'zod/mini';
import { findProfile } from '../configuration/configuration.ts';
import { Failure } from '../failure.ts';
import type { Client, Process } from '../platform/ports.ts';
import type { Profile } from '../profiles/profile.ts';
import { Secret } from '../secret.ts';
import { chainOf } from '../sessions/chain.ts';
import { callerInWords, causeOf, programOf, type Caller } from './caller.ts';
import { chainView } from './chain.ts';
import { linkForPerson, linkForProgram } from './console.ts';
import { identityOf } from './identity.ts';
import { installationOf, startAtLogin } from './installation.ts';
import type { BrokerParts } from './parts.ts';
import type { Person } from './person.ts';
import { saveSettings } from './settings.ts';
import { statusOf } from './status.ts';
import { copyNewToken, tokenUrl } from './tokens.ts';
import { unlock } from './unlock.ts';
import { activityView, keyView, profileView } from './views.ts';

export type Handlers = {
  readonly [Name in CallName]: (input: ParsedInput<Name>, caller: Caller) => Promise<Output<Name>>;
};

export type CommandHandlers = {
  readonly [Name in CommandCallName]: (
    input: z.output<(typeof commandCalls)[Name]['input']>,
    client: Client | undefined,
  ) => Promise<CommandOutput<Name>>;
};

/**
 * The calls that everybody has. Those which only a person may make have been confirmed, see `Person`.
 * @param lock locks the sessions, and records that with the program that did
 */
export function contractHandlers(
  parts: BrokerParts,
  person: Person,
  lock: (locker: Promise<Client | undefined> | undefined) => void,
): Handlers {
  const { configuration, keys, profiles, active, sessions, clients, ownerAuthentication } = parts;
  const { audit, approvals, containerTokens } = clients;
  const viewOf = (name: string): ProfileView => {
    const profile = findProfile(configuration.current, name);
    if (!profile) throw new Failure('NotFound', `The profile "${name}" was removed meanwhile`);
    return viewOfProfile(parts, profile);
  };
  return {
    'state.read': async () => ({
      status: statusOf(parts),
      profiles: configuration.current.profiles.map((profile) => viewOfProfile(parts, profile)),
    }),
    'keys.add': async ({ secretAccessKey, ...input }, caller) => {
      const key = await keys.add({ ...input, secretAccessKey: new Secret(secretAccessKey) });
      audit.note({ event: 'keyChanged', detail: 'added', client: commandOf(caller) });
      return keyView(key);
    },
    'keys.edit': async ({ label, ...change }, caller) => {
      const key = await keys.edit(label, change);
      audit.note({ event: 'keyChanged', detail: 'changed', client: commandOf(caller) });
      return keyView(key);
    },
    'keys.remove': async ({ label }, caller) => {
      await keys.remove(label);
      audit.note({ event: 'keyChanged', detail: 'removed', client: commandOf(caller) });
      return {};
    },
    'profiles.save': async ({ profile, replaces, was }, caller) => {
      await profiles.save(profile, replaces, was);
      const detail =
        replaces === undefined
          ? 'added'
          : replaces === profile.name
            ? 'changed'
            : `changed, it was ${replaces}`;
      audit.note({ event: 'profileChanged', profile: profile.name, detail, client: commandOf(caller) });
      return viewOfProfile(parts, profile);
    },
    'profiles.remove': async ({ name }, caller) => {
      await profiles.remove(name);
      audit.note({ event: 'profileChanged', profile: name, detail: 'removed', client: commandOf(caller) });
      return {};
    },
    'chain.read': async ({ name }) => chainView(parts, name),
    'profiles.use': async ({ name }, caller) => {
      await active.use(name);
      audit.note({ event: 'switched', profile: name, client: commandOf(caller) });
      const cause = await causeOf(caller);
      const client = cause === 'program' ? { client: programOf(caller) } : {};
      await sessions.acquire({ cause, profile: name, ...client });
      return viewOf(name);
    },
    'profiles.pin': async ({ name, pinned }, caller) => {
      await profiles.pin(name, pinned);
      const detail = pinned ? 'pinned' : 'not pinned any more';
      audit.note({ event: 'accessChanged', profile: name, detail, client: commandOf(caller) });
      return {};
    },
    'profiles.setReadOnly': async ({ name, readOnly }, caller) => {
      await profiles.setReadOnly(name, readOnly);
      const detail = readOnly ? 'read-only' : 'not read-only any more';
      audit.note({ event: 'profileChanged', profile: name, detail, client: commandOf(caller) });
      if (active.name === name) await sessions.acquire({ cause: await causeOf(caller), profile: name });
      return viewOf(name);
    },
    'mfa.answer': async ({ serial, code }, caller) => {
      const note = (detail: string) =>
        audit.note({ event: 'mfa', detail: `code ${detail}`, client: commandOf(caller) });
      try {
        await sessions.desk.answer(serial, code);
      } catch (error) {
        note('refused');
        throw error;
      }
      note('accepted');
      return {};
    },
    'mfa.renew': async ({ name }, caller) => {
      // Before it is recorded: the log holds no name that a program made up.
      viewOf(name);
      audit.note({ event: 'mfa', profile: name, detail: 'fresh code asked for', client: commandOf(caller) });
      await sessions.acquireWithFreshCode(name, await causeOf(caller));
      return viewOf(name);
    },
    'mfa.cancel': async ({ serial }, caller) => {
      sessions.desk.cancel(serial);
      audit.note({ event: 'mfa', detail: 'cancelled', client: commandOf(caller) });
      return {};
    },
    'mfa.snooze': async ({ serial, minutes }, caller) => {
      sessions.desk.snooze(serial, minutes === null ? null : minutes * 60_000);
      const detail = minutes === null ? 'asked for again' : `put aside for ${minutes} min`;
      audit.note({ event: 'mfa', detail, client: commandOf(caller) });
      return {};
    },
    'console.open': async (target, caller) => {
      const { openInBrowser, oneTimePages } = parts;
      if (!openInBrowser)
        throw new Failure(
          'Refused',
          `Latchkey runs without a desktop and opens no browser. Type in a terminal: latchkey console ${target.name} --print`,
        );
      const link =
        caller.from === 'command'
          ? await linkForProgram(parts, await caller.client, target)
          : await linkForPerson(parts, target);
      try {
        await openInBrowser(await oneTimePages.leadTo(link.secret, link.isStill));
      } catch (error) {
        const otherwise = `Type in a terminal: latchkey console ${target.name}`;
        throw new Failure('Refused', `The desktop could not open a browser. ${otherwise}`, { cause: error });
      }
      return {};
    },
    'sessions.lock': async (_nothing, caller) => {
      lock(commandOf(caller));
      return {};
    },
    'sessions.unlock': async (proof, caller) => {
      const wasLocked = sessions.isLocked;
      const confirmPerson = () => person.confirm('sessions.unlock', proof, caller);
      try {
        await unlock({ sessions, ownerAuthentication, confirmPerson }, proof, caller);
      } catch (error) {
        // What `confirmPerson` refuses is noted there.
        if (!(error instanceof Failure && (error.code === 'Refused' || error.code === 'ChallengeNeeded')))
          audit.note({ event: 'refused', detail: 'sessions.unlock', client: commandOf(caller) });
        throw error;
      }
      const detail = proof.code === undefined ? `by ${await callerInWords(caller)}` : 'by an MFA code';
      if (wasLocked) audit.note({ event: 'unlocked', detail, client: commandOf(caller) });
      return {};
    },
    'approvals.allow': async ({ id, allowance }, caller) => {
      await approvals.allow(id, allowance, await callerInWords(caller));
      return {};
    },
    'approvals.deny': async ({ id }, caller) => {
      approvals.deny(id, await callerInWords(caller));
      return {};
    },
    'approvals.revoke': async ({ id }, caller) => {
      await approvals.revoke(id, await callerInWords(caller));
      return {};
    },
    'folders.set': async ({ folder, profile }, caller) => {
      if (profile !== null) checkProfile(parts, profile);
      await configuration.update((current) => {
        const others = current.folders.filter((rule) => rule.folder !== folder);
        if (profile === null && others.length === current.folders.length)
          throw new Failure('NotFound', 'That folder has no profile of its own', { field: 'folder' });
        return { ...current, folders: profile === null ? others : [...others, { folder, profile }] };
      });
      const detail = profile === null ? 'a folder has no profile of its own any more' : 'given to a folder';
      audit.note({
        event: 'accessChanged',
        profile: profile ?? undefined,
        detail,
        client: commandOf(caller),
      });
      return {};
    },
    'tokens.createAndCopy': async ({ name, profile }, caller) => {
      const url = await copyNewToken(parts, name, profile);
      const detail = `token ${name} made, and copied`;
      audit.note({ event: 'accessChanged', profile, detail, client: commandOf(caller) });
      return { url };
    },
    'tokens.revoke': async ({ name }, caller) => {
      await containerTokens.revoke(name);
      audit.note({ event: 'accessChanged', detail: `token ${name} revoked`, client: commandOf(caller) });
      return {};
    },
    'settings.save': async (change, caller) => {
      const detail = await saveSettings(parts, change);
      if (detail !== '') audit.note({ event: 'settingsChanged', detail, client: commandOf(caller) });
      return {};
    },
    'installation.read': () => installationOf(parts),
    'installation.startAtLogin': async ({ on }, caller) => {
      await startAtLogin(parts, on);
      const detail = `start at login ${on ? 'on' : 'off'}`;
      audit.note({ event: 'settingsChanged', detail, client: commandOf(caller) });
      return {};
    },
    'activity.read': async () => ({ records: audit.recent.list().map(activityView) }),
    'audit.verify': async () => {
      const { proven, unproven, problems, notes } = await audit.verify();
      return { proven, unproven, problems: [...problems], notes: [...notes] };
    },
    'interface.open': async (nothing, caller) => {
      const link = await parts.openInterface(async () => {
        // Who has the link is at the interface, which unlocks.
        if (caller.from === 'command' && sessions.isLocked && sessions.canUnlockWithCode)
          throw new Failure(
            'Locked',
            'Latchkey is locked, and there is no link while a code can unlock it: latchkey unlock CODE',
          );
        await person.confirm('interface.open', nothing, caller);
        return programOf(caller);
      });
      const detail = link === null ? 'the window was shown' : 'a link was given';
      audit.note({ event: 'interfaceOpened', detail, client: commandOf(caller) });
      return { link };
    },
  };
}

/** The calls of the `latchkey` command alone. As above, those which only a person may make have been confirmed. */
export function commandHandlers(parts: BrokerParts): CommandHandlers {
  const { bindings, containerTokens, audit } = parts.clients;
  return {
    'bindings.set': async ({ profile }, client) => {
      const root = client && rootOf(client);
      if (!root) throw new Failure('Refused', 'It cannot be told which program or terminal asks');
      if (profile === null) bindings.unbind(root);
      else bindings.bind(root, profile);
      const detail =
        profile === null ? 'a process tree has no profile of its own any more' : 'given to a process tree';
      audit.note({ event: 'accessChanged', profile: profile ?? undefined, detail, client });
      return { pid: root.pid, name: root.name };
    },
    'identity.read': async ({ address }, client) => identityOf(parts, client, address),
    'console.link': async (target, client) => {
      const link = await linkForProgram(parts, client, target);
      return { url: link.secret.reveal() };
    },
    'console.page': async (target, client) => {
      const { secret, isStill } = await linkForProgram(parts, client, target);
      return { url: await parts.oneTimePages.leadTo(secret, isStill) };
    },
    'tokens.create': async ({ name, profile }, client) => {
      const token = await containerTokens.create(name, profile);
      audit.note({ event: 'accessChanged', profile, detail: `token ${name} made`, client });
      return { token: token.reveal(), url: tokenUrl(parts, profile) };
    },
  };
}

export function viewOfProfile({ configuration, sessions }: BrokerParts, profile: Profile): ProfileView {
  return profileView(profile, chainOf(configuration.current, profile), sessions.standing(profile.name));
}

/** The shell of the terminal that a command was typed in; where there is none above it, its parent. */
function rootOf({ process, parents }: Client): Process | undefined {
  const leader =
    process.terminal === undefined ? undefined : parents.find(({ pid }) => pid === process.sessionId);
  return leader ?? parents[0];
}

function checkProfile({ configuration }: BrokerParts, name: string): void {
  if (!findProfile(configuration.current, name))
    throw new Failure('NotFound', `There is no profile "${name}"`, { field: 'profile' });
}

/** The program of a command, for the record. */
function commandOf(caller: Caller): Promise<Client | undefined> | undefined {
  return caller.from === 'command' ? caller.client : undefined;
}
