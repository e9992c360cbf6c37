import { request, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';

export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One HTTP request with exactly the given headers, on a connection of its own. */
export async function rawRequest(options: RequestOptions, body: string | Buffer = ''): Promise<RawAnswer> {
  const response = await openRequest(options, body);
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** The same, for an answer that is read as it comes. */
export function openRequest(options: RequestOptions, body: string | Buffer = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ agent: false, ...options }, resolve)
      .on('error', reject)
      .end(body);
  });
}
