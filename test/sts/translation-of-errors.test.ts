import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Secret } from '../../main/secret.ts';
import { toFailure } from '../../main/sts/refusal.ts';
import { openSts } from '../../main/sts/sts.ts';
import { endpointUrlSts } from '../fixtures/core.ts';

/** An error as the SDK throws it. */
function sdkError(name: string, message: string, fault?: 'client' | 'server'): Error {
  return Object.assign(new Error(message), { name, $fault: fault, $metadata: { requestId: 'request-1' } });
}

describe('an STS that repeats what it was sent', () => {
  it('does not get the secrets of the request into the failure', async () => {
    const echo = createServer((request, response) => {
      const message = `Forbidden: ${String(request.headers['x-amz-security-token'])}`;
      response.writeHead(403, { 'content-type': 'text/xml' });
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );
    });
    using _endpoint = endpointUrlSts(`http://127.0.0.1:${await listenOnLoopback(echo, 0)}`);
    using sts = openSts(systemClock);
    const credentials = {
      accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
      sessionToken: new Secret('FwoGZXIvYXdzEXAMPLE'),
    };
    await expect(sts.getCallerIdentity(credentials, 'us-east-1')).rejects.toMatchObject({
      message: 'STS refused (AccessDenied): Forbidden: [secret]',
    });
    await closeServer(echo);
  });
});

describe('what the SDK throws becomes a failure', () => {
  it('that never repeats the request AWS expected, which holds the security token', () => {
    const message =
      'The request signature we calculated does not match. The Canonical String for this request should have been x-amz-security-token:FwoGZXIvYXdzEXAMPLE';
    const failure = toFailure(sdkError('SignatureDoesNotMatch', message, 'client'));
    expect(failure).toMatchObject({
      code: 'Refused',
      awsCode: 'SignatureDoesNotMatch',
      requestId: 'request-1',
    });
    expect(failure.message).not.toContain('FwoGZXIvYXdzEXAMPLE');
    expect(failure.cause).toBeUndefined();
  });

  it('that repeats nothing the request was signed with, and is no longer than a person reads', () => {
    const secrets = [new Secret('wJalrXUtnFEMI/K7MDENG'), new Secret('FwoGZXIvYXdzEXAMPLE')];
    const message = `Forbidden: wJalrXUtnFEMI/K7MDENG and FwoGZXIvYXdzEXAMPLE${'x'.repeat(2000)}`;
    const failure = toFailure(sdkError('AccessDenied', message, 'client'), secrets);
    expect(failure.message).toContain('Forbidden: [secret] and [secret]');
    expect(failure.message.length).toBeLessThan(600);
  });

  it.each([
    ['Throttling', 'Rate exceeded', 'client', 'Throttled'],
    ['InternalFailure', '', 'server', 'Unreachable'],
    ['AccessDenied', 'User: x is not authorized to perform: sts:AssumeRole', 'client', 'Refused'],
    [
      'AccessDenied',
      'MultiFactorAuthentication failed with invalid MFA one time pass code.',
      'client',
      'MfaRejected',
    ],
    ['TimeoutError', 'socket hang up', undefined, 'Unreachable'],
  ] as const)('%s "%s" of the %s is %s', (name, message, fault, code) => {
    expect(toFailure(sdkError(name, message, fault)).code).toBe(code);
  });

  it('that names the host which was not found', () => {
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND sts.example'), {
      code: 'ENOTFOUND',
      hostname: 'sts.example',
    });
    expect(toFailure(error)).toMatchObject({
      code: 'Unreachable',
      message: 'STS cannot be reached (ENOTFOUND sts.example)',
    });
  });

  it.each([undefined, null, 'text', {}])('even where %j was thrown', (thrown) => {
    expect(toFailure(thrown).code).toBe('Unreachable');
  });
});
