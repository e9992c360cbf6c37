/** A token of the container endpoint for one launch: for a program that starts another one with a profile of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContainerTokens } from '../clients/container-tokens.ts';
import { Failure } from '../failure.ts';
import { sendJson } from './http.ts';

const launchPath = '/launch/';

/** The profile that a launch is for; undefined where a request is for something else. */
export function launchedProfile({ method, url = '' }: IncomingMessage): string | undefined {
  return method === 'GET' && url.startsWith(launchPath) ? url.slice(launchPath.length) : undefined;
}

/**
 * Answers with one line, `{"token","url"}`, and leaves the answer open: the token is good until the connection is closed.
 * So it ends with the program that holds that, however it ends.
 */
export function answerLaunch(
  tokens: Pick<ContainerTokens, 'launch'>,
  endpointUrl: string,
  profile: string,
  response: ServerResponse,
): void {
  try {
    const launched = tokens.launch(profile);
    response.once('close', () => {
      launched[Symbol.dispose]();
    });
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const url = `${endpointUrl}container/${profile}`;
    response.write(`${JSON.stringify({ token: launched.token.reveal(), url })}\n`);
  } catch (error) {
    const { code, message } =
      error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
    sendJson(response, code === 'NotFound' ? 404 : 409, JSON.stringify({ code, message }));
  }
}
