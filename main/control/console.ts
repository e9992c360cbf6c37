/** Sign-in to the AWS console: who gets a link, and what is noted of it. */
import { programBehind } from '../clients/behind-commands.ts';
import type { ClientConnection } from '../clients/client-connections.ts';
import type { Chosen } from '../clients/profile-choice.ts';
import { findProfile } from '../configuration/configuration.ts';
import { linkLifeMs, signInLink } from '../console/federation.ts';
import { Failure } from '../failure.ts';
import type { Client } from '../platform/ports.ts';
import { parseRoleArn } from '../profiles/profile.ts';
import type { Secret } from '../secret.ts';
import { chainOf } from '../sessions/chain.ts';
import type { Session } from '../sts/session.ts';
import { causeOfProgram } from './caller.ts';
import { reasonOf } from './credentials.ts';
import type { BrokerParts } from './parts.ts';

/** What a link is to lead to. */
export interface ConsoleTarget {
  /** The profile's name. */
  readonly name: string;
  /** As the console's addresses spell it. */
  readonly service?: string | undefined;
}

/** A link, and whether it may still be gone to: it is good for longer than what it was given for may hold. */
export interface ConsoleLink {
  readonly secret: Secret;
  readonly isStill: () => boolean;
}

/**
 * A link for the program of a command, which a protected profile's credentials would have to be allowed to: it opens as
 * much. It waits for a person where one has to allow it, or to give a code.
 * @throws Failure of `CredentialSource.acquire` or `signInLink`; Refused where what it may have was changed meanwhile
 */
export async function linkForProgram(
  parts: BrokerParts,
  client: Client | undefined,
  target: ConsoleTarget,
): Promise<ConsoleLink> {
  const { connections, source } = parts.clients;
  const connection = connections.add(() => Promise.resolve(client && programBehind(client)));
  const { name } = target;
  try {
    const chosen = valueOf(source.named(name, 'name'));
    const session =
      source.take(connection, chosen) ?? (await source.acquire(connection, chosen, causeOfProgram(client)));
    const link = await makeLink(parts, session, chosen, target);
    checkIsStill(parts, chosen, source.take(connection, chosen));
    const { served } = connection;
    const isForOnce = served.allowance === 'once';
    note(parts, chosen, link, target, connection);
    // One that was for once was for this.
    const isAllowed = () => !chosen.profile.protected || isForOnce || served.isGranted(name);
    return { secret: link.secret, isStill: () => isSame(parts, chosen) && isAllowed() };
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
    const isThere = findProfile(parts.configuration.current, name) !== undefined;
    source.refused(connection, reasonOf(failure), isThere ? name : undefined);
    throw error;
  }
}

/**
 * A link for the person at the interface, who needs nobody's approval.
 * @throws Failure of `Sessions.acquire` or `signInLink`; Refused where the profile was changed meanwhile
 */
export async function linkForPerson(parts: BrokerParts, target: ConsoleTarget): Promise<ConsoleLink> {
  const { sessions, clients } = parts;
  const { name } = target;
  const chosen = valueOf(clients.source.named(name, 'name'));
  const session = sessions.take(name) ?? (await sessions.acquire({ cause: 'person', profile: name }));
  const link = await makeLink(parts, session, chosen, target);
  checkIsStill(parts, chosen, sessions.take(name));
  note(parts, chosen, link, target);
  return { secret: link.secret, isStill: () => isSame(parts, chosen) };
}

/**
 * Making a link takes AWS a second, in which it may have been locked, the profile changed, or the approval been taken
 * back. That the session was renewed changes nothing.
 */
function checkIsStill(parts: BrokerParts, chosen: Chosen, session: Session | undefined): void {
  const { name } = chosen.profile;
  // Locked, or removed.
  valueOf(parts.clients.source.named(name, 'name'));
  if (!isSame(parts, chosen) || !session)
    throw new Failure('Refused', `What ${name} may be used for was changed meanwhile; try again`);
}

/** Neither locked, nor another profile under that name. */
function isSame({ clients }: BrokerParts, { profile }: Chosen): boolean {
  const again = clients.source.named(profile.name, 'name');
  return !(again instanceof Failure) && again.profile === profile;
}

interface Link {
  readonly secret: Secret;
  /** Until when whoever has it can be in the console, at the latest. */
  readonly untilMs: number;
}

async function makeLink(
  { configuration, clock }: BrokerParts,
  session: Session,
  { profile }: Chosen,
  { service }: ConsoleTarget,
): Promise<Link> {
  const { partition = '' } = parseRoleArn(profile.roleArn) ?? {};
  const { source, durationSeconds: grantedSeconds } = chainOf(configuration.current, profile);
  // What STS has granted the role, AWS's sign-in does, too. A GetSessionToken session below it makes it a chained one.
  const durationSeconds = source.operation === 'key' ? grantedSeconds : undefined;
  const secret = await signInLink(session, { partition, region: profile.region, service, durationSeconds });
  const untilMs =
    durationSeconds === undefined ? session.expiresAtMs : clock.now() + linkLifeMs + durationSeconds * 1000;
  return { secret, untilMs };
}

function note(
  { clients }: BrokerParts,
  { profile }: Chosen,
  { untilMs }: Link,
  { service }: ConsoleTarget,
  connection?: ClientConnection,
): void {
  connection?.served.useGrant();
  clients.handedOut.noteConsole(profile.name, untilMs, profile.readOnly);
  const allowed = profile.protected ? `, allowed ${connection?.served.allowance ?? 'at the interface'}` : '';
  clients.audit.note({
    event: 'consoleLink',
    profile: profile.name,
    detail: `${service ?? 'first page'}, until ${new Date(untilMs).toISOString()} at the latest${allowed}`,
    client: connection?.identify(),
  });
}

function valueOf(chosen: Chosen | Failure): Chosen {
  if (chosen instanceof Failure) throw chosen;
  return chosen;
}
