/** Who a key belongs to: the users' long-term keys and the sessions that were issued. */
import { randomBytes } from 'node:crypto';
import { encodeBase32 } from './totp.ts';
import type { Role, User } from './world.ts';

/** Whoever signed a call. */
export type Caller =
  | { readonly kind: 'user'; readonly user: User }
  /** From GetSessionToken; `mfaAtMs` is when it was confirmed by MFA, if it was. */
  | { readonly kind: 'user session'; readonly user: User; readonly mfaAtMs: number | undefined }
  /** `isChained`: it was assumed with a session, GetSessionToken's included. */
  | {
      readonly kind: 'role session';
      readonly role: Role;
      readonly sessionName: string;
      readonly isChained: boolean;
      /** Those it was asked for with: then it can do what the role and one of them allow. None: what the role allows. */
      readonly sessionPolicyArns: readonly string[];
    };

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly caller: Caller;
  readonly session: { readonly token: string; readonly expiresAtMs: number } | undefined;
}

export type SessionCredential = Credential & { readonly session: NonNullable<Credential['session']> };

/** All credentials that the embedded STS knows, by access key ID. Expired ones stay, to be refused as such. */
export class Credentials {
  readonly #byAccessKeyId = new Map<string, Credential>();

  constructor(users: readonly User[]) {
    for (const user of users) {
      for (const { id, secret } of user.accessKeys) {
        const caller: Caller = { kind: 'user', user };
        this.#byAccessKeyId.set(id, { accessKeyId: id, secretAccessKey: secret, caller, session: undefined });
      }
    }
  }

  find(accessKeyId: string): Credential | undefined {
    return this.#byAccessKeyId.get(accessKeyId);
  }

  issue(caller: Caller, expiresAtMs: number): SessionCredential {
    const credential: SessionCredential = {
      accessKeyId: `ASIA${encodeBase32(randomBytes(10))}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      caller,
      // AWS documents no length and asks that none be assumed; real ones have several hundred characters.
      session: { token: `IQoJb3JpZ2luX2Vj${randomBytes(330).toString('base64')}`, expiresAtMs },
    };
    this.#byAccessKeyId.set(credential.accessKeyId, credential);
    return credential;
  }

  /** @throws RangeError when there is no such key, since then the test that asks for it is wrong. */
  revoke(accessKeyId: string): void {
    if (!this.#byAccessKeyId.delete(accessKeyId)) {
      throw new RangeError(`there is no access key ${accessKeyId} to revoke`);
    }
  }
}

/** The ARN by which a caller is known in answers and messages. */
export function callerArn(caller: Caller): string {
  if (caller.kind !== 'role session') return caller.user.arn;
  const { role, sessionName } = caller;
  return `arn:${role.partition}:sts::${role.accountId}:assumed-role/${role.roleName}/${sessionName}`;
}

/** IAM's unique ID of a caller: the user's, or the role's with the session name. */
export function callerUserId(caller: Caller): string {
  if (caller.kind !== 'role session') return caller.user.userId;
  return `${caller.role.roleId}:${caller.sessionName}`;
}

/** The user or role whose account and permissions a caller has. */
export function callerIdentity(caller: Caller): User | Role {
  return caller.kind === 'role session' ? caller.role : caller.user;
}
