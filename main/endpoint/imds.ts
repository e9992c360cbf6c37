import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Session } from '../sts/session.ts';
import { credentialsDocument, refusalDocument } from './credentials-document.ts';
import { admit } from './guard.ts';
import { metadataDocument, roleInPath } from './metadata.ts';
import { longestTokenLifeSeconds, type TokenIssuer } from './token.ts';

/** What the endpoint asks of the broker below it. */
export interface CredentialSource {
  /** The profile that is served now; undefined where there is none, or all is locked. */
  readonly profile: () => Profile | undefined;
  /** Its session from memory. */
  readonly take: (profile: string) => Session | undefined;
  /** Its session, acquired for the program at the other end of `socket`; rejects with the Failure why not. */
  readonly acquire: (profile: string, socket: Socket) => Promise<Session>;
  /** Told of each connection that may ask. */
  readonly connected: (socket: Socket) => void;
  /** Told of each session that is handed out, and on which connection. */
  readonly handedOut: (profile: string, session: Session, socket: Socket) => void;
  /** Whether it waits for a person's MFA code. */
  readonly isWaitingForMfa: (profile: string) => boolean;
}

export interface ImdsOptions {
  readonly clock: Clock;
  readonly tokens: TokenIssuer;
  readonly source: CredentialSource;
  /** The only Host that is answered: `127.0.0.1:PORT`. */
  readonly host: string;
}

/**
 * A request that can be met within this is: an SDK gives up after 500 ms to 1 s, and one that was answered
 * "none" once does not ask again (botocore).
 */
const longestWaitMs = 250;

const tokenPath = '/latest/api/token';

/** Answers one request as the instance metadata service, version 2. */
export function answerImds(options: ImdsOptions, request: IncomingMessage, response: ServerResponse): void {
  const admitted = admit(request.rawHeaders, options.host);
  if ('refusal' in admitted) {
    // To a token's PUT AWS answers a proxy with 403; but SDKs then try version 1, and 400 ends the matter.
    send(response, request.method === 'PUT' ? 400 : 403, `Latchkey: ${admitted.refusal}\n`);
    return;
  }
  const path = pathOf(request.url ?? '');
  if (path === undefined) {
    send(response, 400, 'Latchkey: the request must name a path\n');
  } else if (path === tokenPath) {
    answerToken(options, request, response, admitted.tokenTtl);
  } else if (request.method !== 'GET') {
    send(response, 405, '', undefined, 'GET');
  } else {
    const remainingSeconds =
      admitted.token === undefined ? undefined : options.tokens.remainingSeconds(admitted.token);
    if (remainingSeconds === undefined) {
      send(response, 401, 'Latchkey: a valid X-aws-ec2-metadata-token is needed (IMDSv2)\n');
      return;
    }
    answerPath(options, path, response, remainingSeconds);
  }
}

function answerToken(
  { tokens }: ImdsOptions,
  request: IncomingMessage,
  response: ServerResponse,
  ttl: string | undefined,
): void {
  if (request.method !== 'PUT') {
    send(response, 405, '', undefined, 'OPTIONS, PUT');
    return;
  }
  const lifeSeconds = ttl !== undefined && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (lifeSeconds < 1 || lifeSeconds > longestTokenLifeSeconds) {
    send(
      response,
      400,
      `Latchkey: X-aws-ec2-metadata-token-ttl-seconds must be from 1 to ${longestTokenLifeSeconds}\n`,
    );
    return;
  }
  send(response, 200, tokens.issue(lifeSeconds), lifeSeconds);
}

function answerPath(options: ImdsOptions, path: string, response: ServerResponse, life: TokenLife): void {
  const profile = options.source.profile();
  if (!profile) {
    send(response, 404, 'Latchkey: no profile is active, or Latchkey is locked\n', life);
    return;
  }
  const role = roleInPath(path);
  if (role === undefined) {
    const document = metadataDocument(path, profile);
    if (document === undefined) send(response, 404, '', life);
    else send(response, 200, document, life);
    return;
  }
  // An exact name only: after a switch a client must not get another profile's credentials than it asked for.
  if (role !== profile.name) {
    send(response, 404, '', life);
    return;
  }
  const session = options.source.take(role);
  if (session) handOut(options, profile, session, response, life);
  else void answerOnceAcquired(options, profile, response, life);
}

function handOut(
  { source }: ImdsOptions,
  profile: Profile,
  session: Session,
  response: ServerResponse,
  life: TokenLife,
): void {
  send(response, 200, credentialsDocument(session, profile), life);
  source.handedOut(profile.name, session, response.req.socket);
}

async function answerOnceAcquired(
  options: ImdsOptions,
  profile: Profile,
  response: ServerResponse,
  life: TokenLife,
): Promise<void> {
  const { clock, source } = options;
  let waiting: Disposable | undefined;
  const tooSlow = new Promise<never>((_resolve, reject) => {
    waiting = clock.schedule(longestWaitMs, () => {
      reject(source.isWaitingForMfa(profile.name) ? codeWanted(profile) : stillAcquiring());
    });
  });
  try {
    const acquired = source.acquire(profile.name, response.req.socket);
    const session = await Promise.race([acquired, tooSlow]);
    // Another profile may have become the active one meanwhile, or all been locked.
    if (source.profile()?.name === profile.name) handOut(options, profile, session, response, life);
    else send(response, 404, '', life);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
    send(response, statusOf(failure), refusalDocument(failure, clock.now()), life);
  } finally {
    waiting?.[Symbol.dispose]();
  }
}

function codeWanted({ name }: Profile): Failure {
  return new Failure(
    'MfaRequired',
    `An MFA code for ${name} is wanted: give it in the Latchkey window, or with "latchkey mfa CODE"`,
  );
}

function stillAcquiring(): Failure {
  return new Failure('Unreachable', 'The session is still being acquired; ask again in a moment');
}

/**
 * No SDK shows its user more than "no credentials", whatever the status; but 503 lets those that retry do so where
 * that can help, and 200 with a `Code` that is not `Success`, as the real service answers, gives Go its message.
 */
function statusOf({ code }: Failure): number {
  switch (code) {
    case 'Unreachable':
    case 'Throttled':
    case 'Internal':
      return 503;
    default:
      return 200;
  }
}

/** The path, with doubled and trailing slashes folded (Java, .NET and JS v2 make `//latest`); undefined for `*` and whole URLs. */
function pathOf(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes('//') && !path.endsWith('/')) return path;
  return path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
}

/** The TTL header, which Go and Rust need with the token, and which the real service sends with every answer. */
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
