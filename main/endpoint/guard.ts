/** What is looked at in a request before anything else. Pure: from the raw headers to a verdict. */

/** The headers of a request that passed. */
export interface Admitted {
  readonly token: string | undefined;
  readonly tokenTtl: string | undefined;
}

export interface Refused {
  readonly refusal: string;
}

/**
 * Sent by browsers, or by something that passes on what another asked. An SDK sends none of them to its metadata service.
 * X-Forwarded-For is what AWS's own service refuses: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
const foreignHeaders = new Set([
  'origin',
  'referer',
  'cookie',
  'access-control-request-method',
  'access-control-request-headers',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
  'upgrade',
]);

/**
 * Admits a request whose Host is exactly `host` and that comes from no browser and through no proxy.
 *
 * The exact Host, port included, is what stops DNS rebinding: a page at evil.example whose name is turned to 127.0.0.1
 * is of the same origin as itself and may send any header but a false Host.
 *
 * @param rawHeaders as in `http.IncomingMessage.rawHeaders`: repeated ones are all there
 */
export function admit(rawHeaders: readonly string[], host: string): Admitted | Refused {
  let token: string | undefined;
  let tokenTtl: string | undefined;
  let hosts = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    switch (name) {
      case 'host':
        hosts += 1;
        if (value !== host) return { refusal: `Host must be ${host}` };
        break;
      case 'x-aws-ec2-metadata-token':
        token = value;
        break;
      case 'x-aws-ec2-metadata-token-ttl-seconds':
        tokenTtl = value;
        break;
      case 'user-agent':
        if (value.startsWith('Mozilla/')) return { refusal: 'browsers are not served' };
        break;
      case 'transfer-encoding':
        return { refusal: 'a request has no body here' };
      case 'content-length':
        if (value !== '0') return { refusal: 'a request has no body here' };
        break;
      default:
        if (foreignHeaders.has(name) || name.startsWith('sec-fetch-')) {
          return { refusal: `requests with ${name} are not served` };
        }
    }
  }
  return hosts === 1 ? { token, tokenTtl } : { refusal: 'there must be one Host' };
}
