import { beforeEach, describe, expect, it } from 'vitest';
import type { Grant } from '../../main/approvals/approvals.ts';
import { Served } from '../../main/clients/served.ts';
import { Secret } from '../../main/secret.ts';
import type { Session } from '../../main/sts/session.ts';

let served: Served;
let uses: number;
let isValid: boolean;

const grant: Grant = {
  allowance: 'once',
  isValid: () => isValid,
  use: () => {
    uses += 1;
    isValid = false;
  },
};
const session: Session = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  sessionToken: new Secret('token'),
  issuedAtMs: 0,
  expiresAtMs: 3_600_000,
};

beforeEach(() => {
  served = new Served();
  uses = 0;
  isValid = true;
});

describe('a connection', () => {
  it('that was allowed one profile is not allowed another', () => {
    served.grant('vault', grant);
    expect([served.isGranted('vault'), served.isGranted('other')]).toEqual([true, false]);
  });

  it('that was allowed something once uses it up with the first answer, and not with another profile’s', () => {
    served.grant('vault', grant);
    served.again('other', session);
    expect(uses).toBe(0);
    served.again('vault', session);
    expect([uses, served.isGranted('vault')]).toEqual([1, false]);
  });

  it('counts the same session of the same profile as one record, while that is not written', () => {
    let isOpen = true;
    served.note('reader', session, { again: () => isOpen });
    expect(served.again('reader', session)).toBe(true);
    expect(served.again('other', session)).toBe(false);
    expect(served.again('reader', { ...session })).toBe(false);
    isOpen = false;
    expect(served.again('reader', session)).toBe(false);
  });
});
