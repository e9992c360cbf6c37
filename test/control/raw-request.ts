import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';

export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One HTTP request with exactly the given headers, on a connection of its own. */
export async function rawRequest(options: RequestOptions, body: string | Buffer = ''): Promise<RawAnswer> {
  const outgoing = request({ agent: false, ...options });
  const answered = once(outgoing, 'response');
  outgoing.end(body);
  const [response] = await answered;
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
