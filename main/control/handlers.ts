/** What each call of the contract does. */
import type { commandCalls, CallName, Output, ParsedInput, ProfileView } from '../../preload/contract.ts';
import type * as z from 'zod/mini';
import { findProfile } from '../configuration/configuration.ts';
import { Failure } from '../failure.ts';
import type { Client, Process } from '../platform/ports.ts';
import type { Profile } from '../profiles/profile.ts';
import { Secret } from '../secret.ts';
import { chainOf } from '../sessions/chain.ts';
import type { Caller } from './caller.ts';
import type { BrokerParts } from './parts.ts';
import type { Person } from './person.ts';
import { statusOf } from './status.ts';
import { unlock } from './unlock.ts';
import { keyView, profileView } from './views.ts';

export type Handlers = {
  readonly [Name in CallName]: (input: ParsedInput<Name>, caller: Caller) => Promise<Output<Name>>;
};

export type CommandCallName = keyof typeof commandCalls;
export type CommandHandlers = {
  readonly [Name in CommandCallName]: (
    input: z.output<(typeof commandCalls)[Name]['input']>,
    client: Client | undefined,
  ) => Promise<z.output<(typeof commandCalls)[Name]['output']>>;
};

/** The calls that everybody has. Those which only a person may make have been confirmed, see `Person`. */
export function contractHandlers(parts: BrokerParts, person: Person): Handlers {
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
    'keys.remove': async ({ label }, caller) => {
      await keys.remove(label);
      audit.note({ event: 'keyChanged', detail: 'removed', client: commandOf(caller) });
      return {};
    },
    'profiles.save': async ({ profile, replaces }, caller) => {
      await profiles.save(profile, replaces);
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
    'profiles.use': async ({ name }, caller) => {
      await active.use(name);
      audit.note({ event: 'switched', profile: name, client: commandOf(caller) });
      await sessions.acquire({ cause: 'person', profile: name });
      return viewOf(name);
    },
    'profiles.pin': async ({ name, pinned }) => {
      await profiles.pin(name, pinned);
      return {};
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
    'mfa.renew': async ({ name }) => {
      await sessions.acquireWithFreshCode(name);
      return viewOf(name);
    },
    'mfa.cancel': async ({ serial }) => {
      sessions.desk.cancel(serial);
      return {};
    },
    'sessions.lock': async () => {
      sessions.lock();
      return {};
    },
    'sessions.unlock': async (proof, caller) => {
      const wasLocked = sessions.isLocked;
      const confirmPerson = () => person.confirm('sessions.unlock', proof, caller);
      await unlock({ sessions, ownerAuthentication, confirmPerson }, proof, caller);
      const detail = proof.code === undefined ? 'by a person' : 'by an MFA code';
      if (wasLocked) audit.note({ event: 'unlocked', detail, client: commandOf(caller) });
      return {};
    },
    'approvals.allow': async ({ id, allowance }) => {
      await approvals.allow(id, allowance);
      return {};
    },
    'approvals.deny': async ({ id }) => {
      approvals.deny(id);
      return {};
    },
    'approvals.revoke': async ({ id }) => {
      await approvals.revoke(id);
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
    'tokens.revoke': async ({ name }, caller) => {
      await containerTokens.revoke(name);
      audit.note({ event: 'accessChanged', detail: `token ${name} revoked`, client: commandOf(caller) });
      return {};
    },
    'audit.verify': async () => {
      const { proven, unproven, problems, notes } = await audit.verify();
      return { proven, unproven, problems: [...problems], notes: [...notes] };
    },
    'interface.open': async (nothing, caller) => ({
      link: await parts.openInterface(async () => {
        // Who has the link is at the interface, which unlocks.
        if (caller.from === 'command' && sessions.isLocked && sessions.canUnlockWithCode)
          throw new Failure(
            'Locked',
            'Latchkey is locked, and there is no link while a code can unlock it: latchkey unlock CODE',
          );
        await person.confirm('interface.open', nothing, caller);
        if (caller.from === 'browser') return caller.openedBy;
        return commandOf(caller);
      }),
    }),
  };
}

/** The calls of the `latchkey` command alone. */
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
    'tokens.create': async ({ name, profile }, client) => {
      const token = await containerTokens.create(name, profile);
      audit.note({ event: 'accessChanged', profile, detail: `token ${name} made`, client });
      return { token: token.reveal(), url: `${parts.endpointUrl()}container/${profile}` };
    },
  };
}

export function viewOfProfile({ configuration, sessions }: BrokerParts, profile: Profile): ProfileView {
  const { durationSeconds } = chainOf(configuration.current, profile);
  return profileView(profile, durationSeconds, sessions.standing(profile.name));
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
