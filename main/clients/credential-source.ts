import { Failure } from '../failure.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Session } from '../sts/session.ts';
import type { Approvals } from '../approvals/approvals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClientConnection } from './client-connections.ts';
import type { HandedOut } from './handed-out.ts';
import type { Chosen, ChoiceRule, ProfileChoice } from './profile-choice.ts';
import type { Refusals } from './refusals.ts';

export interface CredentialSourceParts {
  readonly sessions: Pick<Sessions, 'take' | 'acquire' | 'standing' | 'isLocked'>;
  readonly choice: Pick<ProfileChoice, 'for' | 'named'>;
  readonly approvals: Pick<Approvals, 'ask'>;
  readonly handedOut: Pick<HandedOut, 'note'>;
  readonly refusals: Pick<Refusals, 'note'>;
  readonly audit: Pick<AuditLog, 'note'>;
}

/**
 * What stands between programs and sessions, whichever protocol a program speaks: which profile it gets, whether a person
 * has allowed it, and the record of what came of it.
 */
export class CredentialSource {
  readonly #parts: CredentialSourceParts;

  constructor(parts: CredentialSourceParts) {
    this.#parts = parts;
  }

  /** The profile for a program that names none; or why there is none. A promise only where the program must be known first. */
  choose(connection: ClientConnection): Chosen | Failure | Promise<Chosen | Failure> {
    return this.#parts.sessions.isLocked ? locked() : this.#parts.choice.for(connection);
  }

  /** The profile of this name, as `rule` gives it; or why there is none. */
  named(profile: string, rule: ChoiceRule): Chosen | Failure {
    return this.#parts.sessions.isLocked ? locked() : this.#parts.choice.named(profile, rule);
  }

  /** The session from memory, at once; undefined where `acquire` has to be waited for, or says why there is none. */
  take(connection: ClientConnection, { profile }: Chosen): Session | undefined {
    if (profile.protected && !connection.served.isGranted(profile.name)) return undefined;
    return this.#parts.sessions.take(profile.name);
  }

  /**
   * The session, once a person has allowed it where that is needed, and it is acquired.
   * @throws Failure why there is none
   */
  async acquire(
    connection: ClientConnection,
    { profile: { name, protected: isProtected } }: Chosen,
  ): Promise<Session> {
    const { approvals, sessions } = this.#parts;
    const served = connection.served;
    if (isProtected && !served.isGranted(name)) {
      const client = await connection.identify();
      if (!client)
        throw new Failure('Refused', 'It cannot be told which program asks, and the profile is protected');
      served.grant(name, await approvals.ask(client, name));
    }
    return (
      sessions.take(name) ??
      (await sessions.acquire({ cause: 'program', profile: name, client: connection.identify() }))
    );
  }

  /** What `acquire` is waiting for, to be told to a program that cannot wait. */
  waitsFor(connection: ClientConnection, { profile }: Chosen): Failure {
    const { name } = profile;
    if (profile.protected && !connection.served.isGranted(name))
      return new Failure(
        'ApprovalNeeded',
        `${name} is protected: allow this program in the Latchkey window, or with "latchkey approvals"`,
      );
    if (this.#parts.sessions.standing(name).state === 'waitingForMfa')
      return new Failure(
        'MfaRequired',
        `An MFA code for ${name} is wanted: give it in the Latchkey window, or with "latchkey mfa CODE"`,
      );
    return new Failure('Unreachable', 'The session is still being acquired; ask again in a moment');
  }

  /**
   * Whether what was chosen may still be handed out, after a wait: it may have been locked, the profile changed, another
   * one become active, or the approval been taken back.
   */
  isStill(connection: ClientConnection, { profile, rule }: Chosen, session: Session): boolean {
    const again =
      rule === 'port' || rule === 'name' ? this.named(profile.name, rule) : this.choose(connection);
    if (again instanceof Promise || again instanceof Failure || again.profile !== profile) return false;
    return this.take(connection, again) === session;
  }

  /** Notes that a session was handed out. */
  served(connection: ClientConnection, { profile, rule }: Chosen, session: Session): void {
    const served = connection.served;
    if (served.again(profile.name, session)) return;
    const { handedOut, audit } = this.#parts;
    handedOut.note(profile.name, session, connection);
    const record = audit.note({
      event: 'served',
      profile: profile.name,
      detail: profile.protected ? `${rule}, allowed ${served.allowance ?? ''}` : rule,
      client: connection.client ?? connection.identifyWhereCheap(),
    });
    served.note(profile.name, session, record);
  }

  /** Notes that a request was refused. @param reason words of our own, never what was sent */
  refused(connection: ClientConnection, reason: string, profile?: string): void {
    const client = connection.client ?? connection.identifyWhereCheap();
    this.#parts.audit.note({ event: 'refused', profile, detail: reason, client });
    this.#parts.refusals.note(
      reason,
      Promise.resolve(client).then((known) => known?.process.name),
    );
  }
}

function locked(): Failure {
  return new Failure('Locked', 'Latchkey is locked. Unlock it in its interface (latchkey open) or the tray.');
}
