import type { Session } from '../sts/session.ts';
import type { Grant } from '../approvals/approvals.ts';
import type { NotedRecord } from '../audit/audit-log.ts';

/** What one connection was allowed and got last, so that its next request of the same costs a comparison. */
export class Served {
  #grantedProfile: string | undefined;
  #grant: Grant | undefined;
  #profile: string | undefined;
  #session: Session | undefined;
  #record: NotedRecord | undefined;

  /** What lets the profile be served on this connection, where it needs that and still has it. */
  grantOf(profile: string): Grant | undefined {
    return this.isGranted(profile) ? this.#grant : undefined;
  }

  /** By what the profile may be served on this connection. */
  get allowance(): string | undefined {
    return this.#grant?.allowance;
  }

  isGranted(profile: string): boolean {
    return this.#grantedProfile === profile && this.#grant?.isValid() === true;
  }

  grant(profile: string, grant: Grant): void {
    this.#grantedProfile = profile;
    this.#grant = grant;
  }

  /** Notes that something else was given by the grant: uses up a `once`. */
  useGrant(): void {
    this.#grant?.use();
  }

  /** Whether it got just this last. */
  has(profile: string, session: Session): boolean {
    return this.#profile === profile && this.#session === session;
  }

  /** Counts the same session handed out again; false where it is to be noted anew. */
  again(profile: string, session: Session): boolean {
    // Each use of a grant counts by itself: one that was for once is over.
    if (this.#grantedProfile === profile) this.#grant?.use();
    return this.has(profile, session) && this.#record?.again() === true;
  }

  note(profile: string, session: Session, record: NotedRecord): void {
    this.#profile = profile;
    this.#session = session;
    this.#record = record;
  }
}
