import type { ServerResponse } from 'node:http';
import type { ClientConnection } from '../clients/client-connections.ts';
import { stillLookingUp, type CredentialSource } from '../clients/credential-source.ts';
import type { Chosen } from '../clients/profile-choice.ts';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';
import { inTime } from './answer-in-time.ts';
import { credentialsDocument, refusalDocument } from './credentials-document.ts';
import type { Admitted } from './guard.ts';
import { metadataDocument, roleInPath } from './metadata.ts';
import { longestTokenLifeSeconds, type TokenIssuer } from './token.ts';

export interface ImdsOptions {
  readonly clock: Clock;
  readonly tokens: TokenIssuer;
  readonly source: CredentialSource;
  /** The profile that a port of its own serves; undefined where the program decides. */
  readonly ownProfile: string | undefined;
  /** Whether requests without a token, of version 1, are answered. */
  readonly isV1On: () => boolean;
}

/** A request that the guard has let through. */
export interface Asked {
  readonly connection: ClientConnection;
  readonly method: string;
  /** Without a query, with doubled and trailing slashes folded. */
  readonly path: string;
  readonly admitted: Admitted;
}

/**
 * A request that can be met within this is: an SDK gives up after 500 ms to 1 s, and one that was answered
 * "none" once does not ask again (botocore).
 */
const longestWaitMs = 250;

const tokenPath = '/latest/api/token';

/** Answers one request as the instance metadata service. */
export function answerImds(options: ImdsOptions, asked: Asked, response: ServerResponse): void {
  const { method, path, admitted, connection } = asked;
  if (path === tokenPath) {
    answerToken(options, asked, response);
    return;
  }
  if (method !== 'GET') {
    options.source.refused(connection, 'only GET is answered here');
    send(response, 405, '', undefined, 'GET');
    return;
  }
  if (admitted.token === undefined && options.isV1On()) {
    answerPath(options, asked, response, undefined);
    return;
  }
  const life = admitted.token === undefined ? undefined : options.tokens.remainingSeconds(admitted.token);
  if (life === undefined)
    refuse(options, connection, response, 401, 'a valid X-aws-ec2-metadata-token is needed (IMDSv2)');
  else answerPath(options, asked, response, life);
}

function answerToken(
  options: ImdsOptions,
  { method, admitted: { tokenTtl: ttl }, connection }: Asked,
  response: ServerResponse,
): void {
  const { tokens, source } = options;
  if (method !== 'PUT') {
    source.refused(connection, 'a token is had by PUT');
    send(response, 405, '', undefined, 'OPTIONS, PUT');
    return;
  }
  const lifeSeconds = ttl !== undefined && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (lifeSeconds < 1 || lifeSeconds > longestTokenLifeSeconds)
    refuse(
      options,
      connection,
      response,
      400,
      `X-aws-ec2-metadata-token-ttl-seconds must be from 1 to ${longestTokenLifeSeconds}`,
    );
  else send(response, 200, tokens.issue(lifeSeconds), lifeSeconds);
}

function refuse(
  { source }: ImdsOptions,
  connection: ClientConnection,
  response: ServerResponse,
  status: number,
  reason: string,
): void {
  source.refused(connection, reason);
  send(response, status, `Latchkey: ${reason}\n`);
}

function answerPath(options: ImdsOptions, asked: Asked, response: ServerResponse, life: TokenLife): void {
  const { source, ownProfile } = options;
  const chosen =
    ownProfile === undefined ? source.choose(asked.connection) : source.named(ownProfile, 'port');
  if (chosen instanceof Promise) {
    const { clock } = options;
    const askedAtMs = clock.elapsed();
    const answer = (known: Chosen | Failure) => {
      // What is left of the time: an SDK does not wait longer where two things are waited for.
      const waitMs = Math.max(0, longestWaitMs - (clock.elapsed() - askedAtMs));
      answerFor(options, asked, known, response, life, waitMs);
    };
    void inTime(clock, longestWaitMs, () => chosen, stillLookingUp).then(answer, (error: unknown) => {
      answer(failureOf(error));
    });
  } else {
    answerFor(options, asked, chosen, response, life, longestWaitMs);
  }
}

function answerFor(
  options: ImdsOptions,
  { connection, path }: Asked,
  chosen: Chosen | Failure,
  response: ServerResponse,
  life: TokenLife,
  waitMs: number,
): void {
  const { source } = options;
  if (chosen instanceof Failure) {
    source.refused(connection, chosen);
    const status = helpsToAskAgain(chosen) ? 503 : 404;
    send(response, status, `Latchkey: ${chosen.message}\n`, life);
    return;
  }
  const { profile } = chosen;
  const role = roleInPath(path);
  if (role === undefined) {
    const document = metadataDocument(path, profile);
    if (document === undefined) send(response, 404, '', life);
    else send(response, 200, document, life);
    return;
  }
  // An exact name only: after a switch a client must not get another profile's credentials than it asked for.
  if (role !== profile.name) {
    source.refused(connection, 'another profile is served than the one asked for', profile.name);
    send(response, 404, '', life);
    return;
  }
  const session = source.take(connection, chosen);
  if (session) handOut(options, connection, chosen, session, response, life);
  else void answerOnceAcquired(options, connection, chosen, response, life, waitMs);
}

function handOut(
  { source }: ImdsOptions,
  connection: ClientConnection,
  chosen: Chosen,
  session: Session,
  response: ServerResponse,
  life: TokenLife,
): void {
  send(response, 200, credentialsDocument(session, chosen.profile), life);
  source.served(connection, chosen, session);
}

async function answerOnceAcquired(
  options: ImdsOptions,
  connection: ClientConnection,
  chosen: Chosen,
  response: ServerResponse,
  life: TokenLife,
  waitMs: number,
): Promise<void> {
  const { clock, source } = options;
  try {
    const session = await inTime(
      clock,
      waitMs,
      (left) => source.acquire(connection, chosen, 'program', left),
      () => source.waitsFor(connection, chosen),
    );
    if (source.isStill(connection, chosen, session)) {
      handOut(options, connection, chosen, session, response, life);
      return;
    }
    source.refused(connection, 'another profile is served than the one asked for', chosen.profile.name);
    send(response, 404, '', life);
  } catch (error) {
    const failure = failureOf(error);
    source.refused(connection, failure, chosen.profile.name);
    const status = helpsToAskAgain(failure) ? 503 : 200;
    send(response, status, refusalDocument(failure, clock.now()), life);
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
}

/**
 * No SDK shows its user more than "no credentials", whatever the status; but 503 lets those that retry do so where
 * that can help (Rust and .NET), and 200 with a `Code` that is not `Success`, as the real service answers, gives Go its
 * message.
 */
function helpsToAskAgain({ code }: Failure): boolean {
  return code === 'Unreachable' || code === 'Throttled' || code === 'Internal';
}

/** The TTL header, which Go and Rust need with the token, and which the real service sends with every answer to one. */
type TokenLife = number | undefined;

/**
 * Sends all at once. The headers go as a list, which Node writes as it is; the body is text, since Node joins that with
 * the headers into one write where a buffer takes two.
 */
function send(
  response: ServerResponse,
  status: number,
  body: string,
  lifeSeconds?: TokenLife,
  allow?: string,
): void {
  const headers = [
    'Content-Type',
    'text/plain',
    'Server',
    'EC2ws',
    'Content-Length',
    Buffer.byteLength(body),
  ];
  if (lifeSeconds !== undefined) headers.push('X-Aws-Ec2-Metadata-Token-Ttl-Seconds', lifeSeconds);
  if (allow !== undefined) headers.push('Allow', allow);
  response.writeHead(status, headers);
  response.end(body);
}
