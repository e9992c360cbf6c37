/**
 * The demo's three accounts, from both sides: what the embedded STS knows of them, and what a person enters into
 * Latchkey to use them.
 */
import type { Input } from '../../preload/contract.ts';
import type { StsWorld } from '../sts/embedded-sts.ts';

const accounts = { identity: '111122223333', development: '444455556666', production: '777788889999' };
const alice = `arn:aws:iam::${accounts.identity}:user/alice`;
const region = 'eu-central-1';

export const mfaDevice = {
  serial: `arn:aws:iam::${accounts.identity}:mfa/alice`,
  seed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};

/** AWS's documented example key. */
export const accessKey: Input<'keys.add'> = {
  label: 'alice',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region,
};

/** What each of the five roles is there to show, its trust policy, and its profile. */
const roles: { shows: string; trust: StsWorld['roles'][number]['trusts'][number]; profile: Profile }[] = [
  {
    shows: 'needs an external ID',
    trust: { principal: alice, externalId: 'Example-Audit-2026' },
    profile: {
      name: 'audit',
      roleArn: `arn:aws:iam::${accounts.production}:role/Auditor`,
      base: { key: accessKey.label },
      region,
      externalId: 'Example-Audit-2026',
      colour: 'blue',
    },
  },
  {
    shows: 'is chained: assumed with the session of audit',
    trust: { principal: `arn:aws:iam::${accounts.production}:role/Auditor` },
    profile: {
      name: 'audit-logs',
      roleArn: `arn:aws:iam::${accounts.development}:role/LogReader`,
      base: { profile: 'audit' },
      region,
      colour: 'teal',
    },
  },
  {
    shows: 'needs MFA',
    trust: { principal: alice, mfa: true },
    profile: {
      name: 'development',
      roleArn: `arn:aws:iam::${accounts.development}:role/Developer`,
      base: { key: accessKey.label },
      region,
      mfaSerial: mfaDevice.serial,
      colour: 'green',
    },
  },
  {
    shows: 'is protected',
    trust: { principal: alice },
    profile: {
      name: 'production',
      roleArn: `arn:aws:iam::${accounts.production}:role/Operator`,
      base: { key: accessKey.label },
      region,
      colour: 'red',
      protected: true,
    },
  },
  {
    shows: 'is refused by STS: its trust policy names somebody else',
    trust: { principal: `arn:aws:iam::${accounts.identity}:user/bob` },
    profile: {
      name: 'billing',
      roleArn: `arn:aws:iam::${accounts.identity}:role/Billing`,
      base: { key: accessKey.label },
      region,
      colour: 'amber',
    },
  },
];

type Profile = Input<'profiles.save'>['profile'];

export const profiles = roles.map(({ shows, profile }) => ({ shows, profile }));

export const world: StsWorld = {
  users: [
    {
      accountId: accounts.identity,
      userName: 'alice',
      accessKeys: [{ id: accessKey.accessKeyId, secret: accessKey.secretAccessKey }],
      mfa: mfaDevice,
    },
  ],
  roles: roles.map(({ trust, profile }) => ({ arn: profile.roleArn, trusts: [trust] })),
};

/** The active profile to begin with: one that asks for nothing. */
export const firstProfile = 'audit';
export { region };
