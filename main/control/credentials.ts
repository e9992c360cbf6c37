/** `credential_process`: credentials of a profile that is asked for by name, on the local socket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientConnection } from '../clients/client-connections.ts';
import type { CredentialSource } from '../clients/credential-source.ts';
import { inTime } from '../endpoint/answer-in-time.ts';
import { processDocument } from '../endpoint/credentials-document.ts';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import { credentialsPath } from './client.ts';
import { sendJson } from './http.ts';

/** How long it waits for a person. botocore and JavaScript wait as long as it takes, Go for a minute. */
const longestWaitMs = 50_000;

/** The profile whose credentials a request is for; undefined where it is for something else. */
export function profileInPath({ method, url = '' }: IncomingMessage): string | undefined {
  return method === 'GET' && url.startsWith(credentialsPath) ? url.slice(credentialsPath.length) : undefined;
}

/**
 * Answers with the document that `credential_process` is to print; else with a status by which `curl -f` fails, and
 * `{"code","message"}`.
 */
export async function answerCredentials(
  { clock, source }: { readonly clock: Clock; readonly source: CredentialSource },
  connection: ClientConnection,
  name: string,
  response: ServerResponse,
): Promise<void> {
  const refuse = (failure: Failure, profile?: string) => {
    source.refused(connection, reasonOf(failure), profile);
    sendJson(response, statusOf(failure), JSON.stringify({ code: failure.code, message: failure.message }));
  };
  const chosen = source.named(name, 'name');
  if (chosen instanceof Failure) {
    refuse(chosen);
    return;
  }
  try {
    const session =
      source.take(connection, chosen) ??
      (await inTime(
        clock,
        longestWaitMs,
        (left) => source.acquire(connection, chosen, 'program', left),
        () => source.waitsFor(connection, chosen),
      ));
    // It may have been locked, or the approval been taken back, in the meantime.
    if (!source.isStill(connection, chosen, session))
      throw new Failure('Refused', `What ${name} may be used for was changed meanwhile; ask again`);
    sendJson(response, 200, processDocument(session, chosen.profile));
    source.served(connection, chosen, session);
  } catch (error) {
    refuse(
      error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault'),
      chosen.profile.name,
    );
  }
}

/** Why it was refused, in words of our own for the record: a name that no profile has is what was sent. */
export function reasonOf({ code, message }: Failure): string {
  return code === 'NotFound' ? 'there is no profile of the name that was asked for' : message;
}

/** For `curl -f`, which shows it: what may be had later is no fault of the request. */
function statusOf({ code }: Failure): number {
  switch (code) {
    case 'NotFound':
      return 404;
    case 'Internal':
      return 500;
    case 'Unreachable':
    case 'Throttled':
    case 'MfaRequired':
      return 503;
    default:
      return 403;
  }
}
