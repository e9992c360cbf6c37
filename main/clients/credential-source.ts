import { Failure } from '../failure.ts';
import type { Client } from '../platform/ports.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Session } from '../sts/session.ts';
import type { Approvals, Grant } from '../approvals/approvals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClientConnection } from './client-connections.ts';
import type { HandedOut } from './handed-out.ts';
import type { Chosen, ChoiceRule, ProfileChoice } from './profile-choice.ts';
import type { Refusals } from './refusals.ts';
import { SharedWaits } from './shared-waits.ts';

export interface CredentialSourceParts {
  readonly sessions: Pick<Sessions, 'take' | 'acquire' | 'standing' | 'isLocked'>;
  readonly choice: Pick<ProfileChoice, 'for' | 'named'>;
  readonly approvals: Pick<Approvals, 'ask' | 'passOn'>;
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
  /** What a person is to decide, and what AWS or a code is waited for. */
  readonly #decisions = new SharedWaits<Grant>();
  readonly #acquired = new SharedWaits<Session>();

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
   * @param cause `person` where one waits for it, whom a code is asked for also in a quiet time
   * @param left aborted where the program does not wait any more; what it waited for goes on
   * @throws Failure why there is none
   */
  async acquire(
    connection: ClientConnection,
    { profile }: Chosen,
    cause: 'program' | 'person' = 'program',
    left?: AbortSignal,
  ): Promise<Session> {
    const { served } = connection;
    if (profile.protected && !served.isGranted(profile.name)) {
      const client = await connection.identifySole();
      if (!client)
        throw new Failure('Refused', 'It cannot be told which program asks, and the profile is protected');
      const decide = async () => {
        const grant = await this.#parts.approvals.ask(client, profile.name);
        // Also for those who could not wait: it is there when they ask again.
        this.#session(profile, cause, Promise.resolve(client)).catch(() => undefined);
        return grant;
      };
      // By all that is known of it: a process can become another program.
      const key = JSON.stringify([profile, cause, client]);
      served.grant(profile.name, await this.#decisions.join(key, decide, left));
    }
    return this.#session(profile, cause, connection.identify(), left);
  }

  async #session(
    profile: Profile,
    cause: 'program' | 'person',
    client: Promise<Client | undefined>,
    left?: AbortSignal,
  ): Promise<Session> {
    const { sessions } = this.#parts;
    const held = sessions.take(profile.name);
    if (held) return held;
    // By the whole profile: after a change it is another session.
    const key = JSON.stringify([profile, cause]);
    const acquire = () => sessions.acquire({ cause, profile: profile.name, client });
    return this.#acquired.join(key, acquire, left);
  }

  /** What `acquire` is waiting for, to be told to a program that cannot wait. */
  waitsFor(connection: ClientConnection, { profile }: Chosen): Failure {
    const { name } = profile;
    if (profile.protected && !connection.served.isGranted(name)) {
      if (!connection.soleClient) return stillLookingUp();
      return new Failure(
        'ApprovalNeeded',
        `${name} is protected: allow this program in the Latchkey window, or with "latchkey approvals"`,
      );
    }
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
    if (!served.has(profile.name, session))
      handedOut.note(profile.name, session, connection, profile.readOnly);
    const record = audit.note({
      event: 'served',
      profile: profile.name,
      detail: profile.protected ? `${rule}, allowed ${served.allowance ?? ''}` : rule,
      client: connection.client ?? connection.identifyWhereCheap('answer'),
    });
    served.note(profile.name, session, record);
  }

  /**
   * Notes that a program is launched with a profile's credentials. What its launcher's connection was allowed holds for
   * all that the launcher starts, until that ends or the result is disposed.
   */
  launched(connection: ClientConnection, { profile }: Chosen, launcher: Client | undefined): Disposable {
    const { approvals, audit } = this.#parts;
    audit.note({
      event: 'accessChanged',
      profile: profile.name,
      detail: 'token made for a launched program',
      client: launcher,
    });
    const grant = profile.protected ? connection.served.grantOf(profile.name) : undefined;
    if (!grant || !launcher) return { [Symbol.dispose]: () => undefined };
    return approvals.passOn(grant, profile.name, launcher.process);
  }

  /**
   * Notes that a request was refused, or with no `connection` one that was not let in, whose program is not looked up.
   * @param why words of our own, never what was sent; as a Failure where there was nothing to serve, and it may be that the
   *   program's user sees no reason
   */
  refused(connection: ClientConnection | undefined, why: string | Failure, profile?: string): void {
    const [reason, code] = why instanceof Failure ? [why.message, why.code] : [why];
    const client = connection && (connection.client ?? connection.identifyWhereCheap());
    this.#parts.audit.note({ event: 'refused', profile, detail: reason, client });
    this.#parts.refusals.note(
      reason,
      Promise.resolve(client).then((known) => known?.process.name),
      code,
    );
  }
}

/** Why there is no answer yet where it depends on the program. */
export function stillLookingUp(): Failure {
  return new Failure('Unreachable', 'It is still being looked up which program asks; ask again in a moment');
}

function locked(): Failure {
  return new Failure(
    'Locked',
    'Latchkey is locked. Unlock it in its interface (latchkey open), in the tray, or with: latchkey unlock CODE',
  );
}
