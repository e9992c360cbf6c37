/**
 * AWS's federation endpoint, which takes a role's session and signs a browser in to the console with it. It is no
 * operation of STS: it takes the session itself, not a signature.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { Secret } from '../secret.ts';
import type { Session } from '../sts/session.ts';
import { consolePage, federationEndpoint } from './destination.ts';

/** How long AWS takes a link. */
export const linkLifeMs = 15 * 60_000;

/** What takes this long has been lost on the way. */
const requestTimeoutMs = 20_000;

export interface SignIn {
  readonly partition: string;
  readonly region: string;
  /** As the console's addresses spell it; its first page where there is none. */
  readonly service: string | undefined;
  /**
   * How long the console's session is to last, 900 to 43200. Undefined for a role that was assumed with a session: AWS
   * refuses every length then, and the console lasts as long as the session.
   */
  readonly durationSeconds: number | undefined;
}

/**
 * A link that signs a browser in to the console, whoever has it, for {@link linkLifeMs}.
 * @throws Failure Refused where AWS does not take the session, or its partition has no known console; Throttled;
 * Unreachable. None has a word of AWS's answer: that may repeat what was sent.
 */
export async function signInLink(session: Session, signIn: SignIn): Promise<Secret> {
  const { partition, region, service } = signIn;
  const destination = consolePage(partition, region, service);
  const link = federationEndpoint(partition);
  const token = await getSigninToken(session, signIn);
  link.search = new URLSearchParams({
    Action: 'login',
    Issuer: 'Latchkey',
    Destination: destination.href,
    SigninToken: token.reveal(),
  }).toString();
  return new Secret(link.href);
}

const answerSchema = z.object({ SigninToken: z.string().check(z.minLength(1)) });

async function getSigninToken(session: Session, { partition, durationSeconds }: SignIn): Promise<Secret> {
  const url = federationEndpoint(partition);
  url.search = new URLSearchParams({
    Action: 'getSigninToken',
    ...(durationSeconds === undefined ? {} : { SessionDuration: String(durationSeconds) }),
    Session: JSON.stringify({
      sessionId: session.accessKeyId,
      sessionKey: session.secretAccessKey.reveal(),
      sessionToken: session.sessionToken.reveal(),
    }),
  }).toString();
  const answer = await ask(url);
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw new Failure('Unreachable', `${url.host} did not answer as AWS’s sign-in does`);
  return new Secret(parsed.data.SigninToken);
}

/** The answer as JSON; undefined where it is none. The URL holds the session: no error may have it, nor what caused that. */
async function ask(url: URL): Promise<unknown> {
  let status: number;
  let body: string;
  try {
    // AWS redirects to no other place, and nobody else is to get the session.
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(requestTimeoutMs) });
    status = response.status;
    body = await response.text();
  } catch (error) {
    throw new Failure('Unreachable', `AWS’s sign-in cannot be reached at ${url.host} (${reason(error)})`);
  }
  if (status === 429)
    throw new Failure('Throttled', 'AWS’s sign-in asks to slow down; try again in a minute');
  if (status >= 400 && status < 500)
    throw new Failure(
      'Refused',
      `AWS’s sign-in does not take this session (status ${status}): it may have been revoked, or have ended`,
    );
  if (status !== 200)
    throw new Failure('Unreachable', `AWS’s sign-in has a fault of its own (status ${status})`);
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The system's code (ENOTFOUND, ECONNREFUSED…), or the kind of error. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return error.name === 'TimeoutError' ? `no answer within ${requestTimeoutMs / 1000} s` : error.name;
}
