import type { Client } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';

/** Who wants a session, and for which profile. */
export interface Demand {
  /** A person waits for it; a program asked the endpoint; or the broker renews what is in use. */
  readonly cause: 'person' | 'program' | 'renewal';
  readonly profile: string;
  /** The program that asked, as soon as it is known. */
  readonly client?: Promise<Client | undefined>;
  /** The session that a renewal is to follow on, while it lives: until its end nobody has to do without. */
  readonly present?: () => Session | undefined;
}
