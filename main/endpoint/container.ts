import type { ServerResponse } from 'node:http';
import type { ContainerTokens } from '../clients/container-tokens.ts';
import type { CredentialSource } from '../clients/credential-source.ts';
import type { Chosen } from '../clients/profile-choice.ts';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';
import { inTime } from './answer-in-time.ts';
import { containerDocument, containerRefusalDocument } from './credentials-document.ts';
import type { Asked } from './imds.ts';

export interface ContainerOptions {
  readonly clock: Clock;
  readonly source: CredentialSource;
  readonly tokens: ContainerTokens;
}

/** What the paths of the container protocol begin with. A profile's name follows, which needs no encoding. */
export const containerPrefix = '/container/';

/**
 * botocore gives each of its three requests 2 s, and pauses for 1 s between them: so a person has some 7 s to do what is
 * wanted of them before it gives up.
 */
const longestWaitMs = 1_500;

/** `Bearer` is not AWS's own form, where the token stands alone; but it is what a person types into curl. */
const authorizationPattern = /^(?:Bearer +)?([\w-]+)$/i;

/** Why a request is not met. */
interface Unmet {
  readonly status: number;
  readonly failure: Failure;
  /** The profile that it is about, as far as the token says so. */
  readonly profile?: string;
}

/**
 * Answers one request of the container protocol, by which several profiles are served at once, each by its own token:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function answerContainer(options: ContainerOptions, asked: Asked, response: ServerResponse): void {
  const chosen = choose(options, asked);
  if ('failure' in chosen) {
    refuse(options, asked, chosen, response);
    return;
  }
  const session = options.source.take(asked.connection, chosen);
  if (session) handOut(options, asked, chosen, session, response);
  else void answerOnceAcquired(options, asked, chosen, response);
}

function choose({ source, tokens }: ContainerOptions, asked: Asked): Chosen | Unmet {
  if (asked.method !== 'GET')
    return { status: 405, failure: new Failure('InvalidInput', 'Only GET is answered here') };
  const profile = profileOfToken(tokens, asked);
  if (profile === undefined)
    return { status: 401, failure: new Failure('Refused', 'A valid token is needed in Authorization') };
  const name = asked.path.slice(containerPrefix.length);
  if (name.includes('/'))
    return { status: 404, failure: new Failure('NotFound', 'The path must be /container/PROFILE'), profile };
  // The same whether there is a profile of that name or not: a token tells of its own only.
  if (name !== profile)
    return {
      status: 403,
      failure: new Failure('Refused', `The token is for the profile "${profile}", not for this one`),
      profile,
    };
  const chosen = source.named(profile, 'name');
  return chosen instanceof Failure ? { status: statusOf(chosen), failure: chosen, profile } : chosen;
}

function profileOfToken(tokens: ContainerTokens, { admitted: { authorization } }: Asked): string | undefined {
  const token = authorization === undefined ? undefined : authorizationPattern.exec(authorization)?.[1];
  return token === undefined ? undefined : tokens.profileOf(token);
}

async function answerOnceAcquired(
  options: ContainerOptions,
  asked: Asked,
  chosen: Chosen,
  response: ServerResponse,
): Promise<void> {
  const { clock, source, tokens } = options;
  const { connection } = asked;
  const profile = chosen.profile.name;
  const wait = { isOver: false };
  try {
    const session = await inTime(
      clock,
      longestWaitMs,
      (left) => source.acquire(connection, chosen, 'program', left),
      () => {
        wait.isOver = true;
        return source.waitsFor(connection, chosen);
      },
    );
    // The token may have been revoked meanwhile, too.
    if (!source.isStill(connection, chosen, session) || profileOfToken(tokens, asked) !== profile)
      throw new Failure('Unreachable', 'Something changed while the session was being acquired; ask again');
    handOut(options, asked, chosen, session, response);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
    refuse(options, asked, { status: wait.isOver ? 503 : statusOf(failure), failure, profile }, response);
  }
}

/**
 * The status of what has failed. botocore and JS ask again after any status; Go, Rust, Java and .NET after 5xx only; and
 * JS shows reasons of 4xx only. So it is 503 where asking again can help, and 403 where a person has to act first. While
 * an approval or a code is still waited for it is 503 all the same: it can be there the next time.
 */
function statusOf({ code }: Failure): number {
  switch (code) {
    case 'Unreachable':
    case 'Throttled':
    case 'Internal':
      return 503;
    case 'NotFound':
      return 404;
    default:
      return 403;
  }
}

function handOut(
  { source }: ContainerOptions,
  { connection }: Asked,
  chosen: Chosen,
  session: Session,
  response: ServerResponse,
): void {
  send(response, 200, containerDocument(session, chosen.profile));
  source.served(connection, chosen, session);
}

function refuse(
  { source }: ContainerOptions,
  { connection }: Asked,
  { status, failure, profile }: Unmet,
  response: ServerResponse,
): void {
  // Without a token of ours it is no program that a person has led here.
  source.refused(connection, profile === undefined ? failure.message : failure, profile);
  send(response, status, containerRefusalDocument(failure));
}

/** RFC 9110, sections 15.5.2 and 15.5.6: what these statuses must say besides. */
const headersOfStatus: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate', 'Bearer'],
  405: ['Allow', 'GET'],
};

/** Sends all in one write. Go reads an error only where the type is `application/json` and nothing more. */
function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...(headersOfStatus[status] ?? []),
  ]);
  response.end(body);
}
