/** The accounts of the simulated week: three people's keys, each with an MFA device, and 100 profiles on them. */
import { profileSchema, type Profile } from '../../main/profiles/profile.ts';
import { aliceKeys, aliceSeed, bobKeys, carolKeys } from '../sts/sample-world.ts';
import type { StsWorld } from '../sts/embedded-sts.ts';

const userAccount = '111122223333';

const owners = [
  { name: 'alice', keys: aliceKeys, seed: aliceSeed },
  { name: 'bob', keys: bobKeys, seed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
  { name: 'carol', keys: carolKeys, seed: 'KRUGS4ZANFZSAYLOEBSXQYLNOBWGKIDT' },
].map((owner) => ({ ...owner, serial: `arn:aws:iam::${userAccount}:mfa/${owner.name}` }));

/** The keys by the labels that profiles name. */
export const weekKeys = owners.map(({ name, keys }) => ({ label: name, ...keys }));

/** Each device's seed, by its serial. */
export const seeds: ReadonlyMap<string, string> = new Map(owners.map(({ serial, seed }) => [serial, seed]));

type Kind = 'guarded' | 'hub' | 'spoke' | 'plain' | 'plain for 4 h';

/**
 * Who owns the profile of a number, and how it is had: 60 behind Alice's device and 20 behind Bob's, a hub behind
 * Carol's with nine roles chained on it, and ten that ask for no code.
 */
function kindOf(number: number): { owner: string; kind: Kind } {
  if (number < 60) return { owner: 'alice', kind: 'guarded' };
  if (number < 80) return { owner: 'bob', kind: 'guarded' };
  if (number < 90) return { owner: 'carol', kind: number === 80 ? 'hub' : 'spoke' };
  return { owner: 'alice', kind: number < 95 ? 'plain' : 'plain for 4 h' };
}

export function nameOf(number: number): string {
  return `profile-${number}`;
}

const hubName = nameOf(80);

/** Four roles in each of 25 accounts. */
function roleArnOf(number: number): string {
  return `arn:aws:iam::${444455556600 + Math.floor(number / 4)}:role/Role${number}`;
}

export const weekProfiles: readonly Profile[] = Array.from({ length: 100 }, (_, number) => {
  const { owner, kind } = kindOf(number);
  const serial = owners.find(({ name }) => name === owner)?.serial;
  return profileSchema.parse({
    name: nameOf(number),
    roleArn: roleArnOf(number),
    base: kind === 'spoke' ? { profile: hubName } : { key: owner },
    region: number % 5 === 4 ? 'us-east-1' : 'eu-central-1',
    ...(kind === 'guarded' || kind === 'hub' ? { mfaSerial: serial } : {}),
    ...(kind === 'plain for 4 h' ? { durationSeconds: 4 * 3600 } : {}),
  });
});

export const weekWorld: StsWorld = {
  users: owners.map(({ name, keys, seed, serial }) => ({
    accountId: userAccount,
    userName: name,
    accessKeys: [{ id: keys.accessKeyId, secret: keys.secretAccessKey }],
    mfa: { serial, seed },
  })),
  roles: weekProfiles.map(({ roleArn }, number) => {
    const { owner, kind } = kindOf(number);
    return {
      arn: roleArn,
      trusts: [
        kind === 'spoke'
          ? { principal: roleArnOf(80) }
          : {
              principal: `arn:aws:iam::${userAccount}:user/${owner}`,
              mfa: kind === 'guarded' || kind === 'hub',
            },
      ],
      maxSessionSeconds: 4 * 3600,
    };
  }),
};
