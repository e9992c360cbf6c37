/** What is looked at in a request before anything else. Pure: from the raw headers to a verdict. */
import { senderShownBy } from '../platform/foreign-headers.ts';

/** The headers of a request that passed. */
export interface Admitted {
  readonly token: string | undefined;
  readonly tokenTtl: string | undefined;
  readonly authorization: string | undefined;
}

export interface Refused {
  readonly refusal: string;
}

/** The real service's address, which a person can have lead here: see `latchkey endpoint link-local`. */
const linkLocalHosts: ReadonlySet<string> = new Set(['169.254.169.254', '169.254.169.254:80']);

/**
 * Admits a request whose Host is exactly `host` (or, while it leads here, the real service's address) and that comes from no browser and through no proxy.
 *
 * The exact Host, port included, is what stops DNS rebinding: a page at evil.example whose name is turned to 127.0.0.1
 * is of the same origin as itself and may send any header but a false Host.
 *
 * @param rawHeaders as in `http.IncomingMessage.rawHeaders`: repeated ones are all there
 * @param linkLocalIsOn whether the real service's address leads here now
 */
export function admit(
  rawHeaders: readonly string[],
  host: string,
  linkLocalIsOn: () => boolean = () => false,
): Admitted | Refused {
  let token: string | undefined;
  let tokenTtl: string | undefined;
  let authorization: string | undefined;
  let hosts = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    switch (name) {
      case 'host':
        hosts += 1;
        if (value !== host && !(linkLocalHosts.has(value) && linkLocalIsOn()))
          return { refusal: `Host must be ${host}` };
        break;
      case 'x-aws-ec2-metadata-token':
        if (token !== undefined) return { refusal: 'there must be one token' };
        token = value;
        break;
      case 'x-aws-ec2-metadata-token-ttl-seconds':
        if (tokenTtl !== undefined) return { refusal: 'there must be one life for a token' };
        tokenTtl = value;
        break;
      case 'authorization':
        if (authorization !== undefined) return { refusal: 'there must be one Authorization' };
        authorization = value;
        break;
      case 'user-agent':
        if (/mozilla\//i.test(value)) return { refusal: 'browsers are not served' };
        break;
      case 'transfer-encoding':
        return { refusal: 'a request has no body here' };
      case 'content-length':
        if (value !== '0') return { refusal: 'a request has no body here' };
        break;
      case 'cookie':
      case 'upgrade':
        return { refusal: `requests with ${name} are not served` };
      default: {
        const sender = senderShownBy(name);
        if (sender) return { refusal: `requests with ${name} are not served: a ${sender} sent it` };
      }
    }
  }
  return hosts === 1 ? { token, tokenTtl, authorization } : { refusal: 'there must be one Host' };
}
