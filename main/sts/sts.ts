import type { Clock } from '../platform/ports.ts';
import { assumeRole, type AssumeRoleInput } from './assume-role.ts';
import { StsConnection } from './connection.ts';
import { getCallerIdentity, type CallerIdentity } from './get-caller-identity.ts';
import { getSessionToken, type GetSessionTokenInput } from './get-session-token.ts';
import type { Session, SigningCredentials } from './session.ts';

/** The port to STS: one method for each operation. Every one rejects with a `Failure` as `toFailure` says. */
export interface Sts {
  getCallerIdentity(credentials: SigningCredentials, region: string): Promise<CallerIdentity>;
  getSessionToken(credentials: SigningCredentials, input: GetSessionTokenInput): Promise<Session>;
  assumeRole(credentials: SigningCredentials, input: AssumeRoleInput): Promise<Session>;
}

/** STS by `@aws-sdk/client-sts`. */
export function openSts(clock: Clock): Sts & Disposable {
  const connection = new StsConnection(clock);
  return {
    getCallerIdentity: (credentials, region) => getCallerIdentity(connection, credentials, region),
    getSessionToken: (credentials, input) => getSessionToken(connection, credentials, input),
    assumeRole: (credentials, input) => assumeRole(connection, credentials, input),
    [Symbol.dispose]: () => {
      connection[Symbol.dispose]();
    },
  };
}
