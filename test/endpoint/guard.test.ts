import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../main/endpoint/guard.ts';

const host = '127.0.0.1:9254';

describe('the guard', () => {
  it('admits what an SDK sends', () => {
    expect(
      admit(['Host', host, 'User-Agent', 'Botocore/1.43', 'X-Aws-Ec2-Metadata-Token', 'abc'], host),
    ).toEqual({ token: 'abc' });
  });

  it('admits the real service’s Host only while that leads here', () => {
    for (const realHost of ['169.254.169.254', '169.254.169.254:80']) {
      expect(admit(['Host', realHost], host, () => true)).not.toHaveProperty('refusal');
      expect(admit(['Host', realHost], host, () => false)).toHaveProperty('refusal');
    }
    expect(admit(['Host', '169.254.169.254:9254'], host, () => true)).toHaveProperty('refusal');
  });

  it('refuses two Hosts, even equal ones, and none', () => {
    expect(admit(['Host', host, 'host', host], host)).toHaveProperty('refusal');
    expect(admit(['Host', host, 'Host', 'evil.example'], host)).toHaveProperty('refusal');
    expect(admit([], host)).toHaveProperty('refusal');
  });

  it('refuses a body, whatever way it is announced', () => {
    expect(admit(['Host', host, 'Content-Length', '1'], host)).toHaveProperty('refusal');
    expect(admit(['Host', host, 'Transfer-Encoding', 'chunked'], host)).toHaveProperty('refusal');
    expect(admit(['Host', host, 'Content-Length', '0'], host)).not.toHaveProperty('refusal');
  });

  it('refuses two tokens and two lives', () => {
    for (const name of ['X-aws-ec2-metadata-token', 'X-aws-ec2-metadata-token-ttl-seconds']) {
      expect(admit(['Host', host, name, '60', name, '60'], host)).toHaveProperty('refusal');
    }
  });

  it('refuses every Host but the one, however alike', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom('127.0.0.1:92540', '127.0.0.1:925', `${host}.`, `user@${host}`, ` ${host}`),
        ),
        (other) => {
          fc.pre(other !== host);
          expect(admit(['Host', other], host)).toHaveProperty('refusal');
        },
      ),
    );
  });

  it('refuses a browser’s headers in any spelling and anywhere among the others', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'Origin',
          'REFERER',
          'sec-fetch-site',
          'Sec-Fetch-User',
          'cookie',
          'x-forwarded-for',
          'ForWarded',
          'VIA',
          'sec-ch-ua',
          'X-Forwarded-Port',
          'Proxy-Connection',
          'True-Client-IP',
        ),
        fc.array(fc.tuple(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.string()), { maxLength: 5 }),
        fc.nat(),
        fc.string(),
        (name, others, place, value) => {
          const headers = [...others, ['Host', host]];
          headers.splice(place % (headers.length + 1), 0, [name, value]);
          expect(admit(headers.flat(), host)).toHaveProperty('refusal');
        },
      ),
    );
  });
});
