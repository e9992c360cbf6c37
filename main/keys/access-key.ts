/** The access key: what is known of a long-term key besides its secret. Pure, like the profile. */
import * as z from 'zod/mini';
import { labelSchema, mfaSerialSchema, regionSchema } from '../profiles/profile.ts';

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html: 16 to 128 word characters; long-term IDs begin with AKIA. */
export const accessKeyIdSchema = z
  .string({ error: 'Access key ID must be text' })
  .check(
    z.regex(
      /^AKIA[A-Z0-9]{12,124}$/,
      'Access key ID must begin with AKIA and have 16 to 128 capital letters and digits (one beginning with ASIA is a temporary key, which Latchkey makes itself)',
    ),
  );

/** What a person gives to add a key, except its secret. */
const descriptionShape = {
  label: labelSchema,
  accessKeyId: accessKeyIdSchema,
  /** The user's MFA device. Set here, every profile on this key signs in with it once and shares that session. */
  mfaSerial: z.optional(mfaSerialSchema),
  /** The region whose STS the key is checked at and its base session is had from; it also tells the partition. */
  region: z._default(regionSchema, 'us-east-1'),
};

export const newAccessKeySchema = z.strictObject({
  ...descriptionShape,
  secretAccessKey: z
    .string({ error: 'Secret access key must be text' })
    .check(
      z.regex(/^[A-Za-z0-9/+=]{16,128}$/, 'Secret access key must have 16 to 128 letters, digits and / + ='),
    ),
});

/** A key as it is kept in config.json: its secret is in the keychain, under its access key ID. */
export const accessKeySchema = z.strictObject({
  ...descriptionShape,
  accountId: z.string().check(z.regex(/^\d{12}$/, 'Account ID must have 12 digits')),
  userArn: z.string().check(z.minLength(20)),
  /** Milliseconds since the Unix epoch. */
  addedAtMs: z.number(),
});

export type AccessKey = z.output<typeof accessKeySchema>;
