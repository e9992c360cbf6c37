import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TokenIssuer } from '../../main/endpoint/token.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(() => {
  clock[Symbol.dispose]();
});

describe('a token', () => {
  it('is good for its life and no longer', () => {
    const tokens = new TokenIssuer(clock, '127.0.0.1:9254');
    const token = tokens.issue(60);
    expect(tokens.remainingSeconds(token)).toBe(60);
    clock.advance(59_999);
    expect(tokens.remainingSeconds(token)).toBe(1);
    clock.advance(1);
    expect(tokens.remainingSeconds(token)).toBeUndefined();
  });

  it('changed in any bit is none', () => {
    const tokens = new TokenIssuer(clock, '127.0.0.1:9254');
    const bytes = Buffer.from(tokens.issue(60), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(tokens.remainingSeconds(changed.toString('base64url'))).toBeUndefined();
    }
  });

  it('cannot be made up', () => {
    const tokens = new TokenIssuer(clock, '127.0.0.1:9254');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(tokens.remainingSeconds(text)).toBeUndefined();
      }),
    );
  });

  it('of another listener, or of an earlier run on the same address, is none', () => {
    const token = new TokenIssuer(clock, '127.0.0.1:9254').issue(60);
    expect(new TokenIssuer(clock, '127.0.0.1:9255').remainingSeconds(token)).toBeUndefined();
    const laterKey = Buffer.alloc(32, 1);
    expect(new TokenIssuer(clock, '127.0.0.1:9254', laterKey).remainingSeconds(token)).toBeUndefined();
    expect(new TokenIssuer(clock, '127.0.0.1:9254').remainingSeconds(token)).toBe(60);
  });

  it('is not pushed out by any number of others', () => {
    const tokens = new TokenIssuer(clock, '127.0.0.1:9254');
    const first = tokens.issue(60);
    for (let count = 0; count < 5000; count++) tokens.issue(21_600);
    expect(tokens.remainingSeconds(first)).toBe(60);
  });
});
