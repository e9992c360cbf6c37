/** A token of the container endpoint for one launch: for a program that starts another one with a profile of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientConnection } from '../clients/client-connections.ts';
import type { ContainerTokens } from '../clients/container-tokens.ts';
import type { CredentialSource } from '../clients/credential-source.ts';
import type { Chosen } from '../clients/profile-choice.ts';
import { Failure } from '../failure.ts';
import type { Client } from '../platform/ports.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Session } from '../sts/session.ts';
import { causeOfProgram } from './caller.ts';
import { launchPath } from './client.ts';
import { reasonOf } from './credentials.ts';

export interface LaunchParts {
  readonly source: CredentialSource;
  readonly sessions: Pick<Sessions, 'hold'>;
  readonly tokens: Pick<ContainerTokens, 'launch'>;
  readonly endpointUrl: string;
}

/** Who launches. */
export interface Launcher {
  /** The program that asks; it starts the other. */
  readonly client: Promise<Client | undefined>;
  /** Its connection, by which the program that it acts for needs to be allowed a protected profile. */
  readonly connection: ClientConnection;
}

/** The profile that a launch is for; undefined where a request is for something else. */
export function launchedProfile({ method, url = '' }: IncomingMessage): string | undefined {
  return method === 'GET' && url.startsWith(launchPath) ? url.slice(launchPath.length) : undefined;
}

/**
 * Answers with one document a line: `{"waiting":true}` where a person or STS is waited for, then
 * `{"token","url","region","expiresAtMs"}` or `{"problem"}`. With a token it leaves the answer open: the token is good,
 * the session is renewed, and what was allowed holds for what the launcher starts, until the connection is closed. So
 * all of it ends with the program that holds that, however it ends.
 */
export async function answerLaunch(
  parts: LaunchParts,
  launcher: Launcher,
  profile: string,
  response: ServerResponse,
): Promise<void> {
  const { source, sessions } = parts;
  const { connection } = launcher;
  const chosen = source.named(profile, 'name');
  if (chosen instanceof Failure) {
    refuse(source, launcher, chosen, response);
    return;
  }
  const { name } = chosen.profile;
  // From the beginning: a code that is given for it must not be for a session that is let go at once. But nothing is
  // renewed, or asked of a person, for a program that has not been allowed it.
  if (!chosen.profile.protected) endWith(response, sessions.hold(name));
  try {
    let session = source.take(connection, chosen);
    if (!session) {
      write(response, 200, { waiting: true });
      const left = closing(response);
      session = await source.acquire(connection, chosen, causeOfProgram(await launcher.client), left);
    }
    if (!source.isStill(connection, chosen, session))
      throw new Failure('Refused', `What ${name} may be used for was changed meanwhile; ask again`);
    const client = await launcher.client;
    if (response.closed) return;
    if (chosen.profile.protected) endWith(response, sessions.hold(name));
    endWith(response, source.launched(connection, chosen, client));
    write(response, 200, open(parts, chosen, session, response));
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
    refuse(source, launcher, failure, response, name);
  }
}

function open(
  { tokens, endpointUrl }: LaunchParts,
  { profile: { name, region } }: Chosen,
  { expiresAtMs }: Session,
  response: ServerResponse,
) {
  const launched = tokens.launch(name);
  endWith(response, launched);
  return {
    token: launched.token.reveal(),
    url: `${endpointUrl}container/${name}`,
    region,
    expiresAtMs,
  };
}

function refuse(
  source: CredentialSource,
  { connection }: Launcher,
  failure: Failure,
  response: ServerResponse,
  profile?: string,
): void {
  const { code, message, awsCode, requestId } = failure;
  source.refused(connection, reasonOf(failure), profile);
  write(response, code === 'NotFound' ? 404 : 409, { problem: { code, message, awsCode, requestId } });
  response.end();
}

function write(response: ServerResponse, status: number, document: object): void {
  if (!response.headersSent)
    response.writeHead(status, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.write(`${JSON.stringify(document)}\n`);
}

/** Aborted when the connection is closed. */
function closing(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => {
    closed.abort();
  });
  return closed.signal;
}

/** Disposes of what a launch holds when its connection is closed. */
function endWith(response: ServerResponse, held: Disposable): void {
  response.once('close', () => {
    held[Symbol.dispose]();
  });
}
