/**
 * What is kept of who may have what: folders with a profile of their own, remembered approvals, named tokens. Pure, like
 * the profile: the contract and the configuration check the same forms with it.
 */
import * as z from 'zod/mini';
import { nameSchema } from '../profiles/profile.ts';

/** A folder by its whole path, without a slash at its end. */
export const folderSchema = z
  .string({ error: 'Folder must be text' })
  .check(
    z.maxLength(4096, 'Folder must have at most 4096 characters'),
    z.regex(
      /^(\/|\/.*[^/]|[A-Za-z]:\\.*)$/s,
      'Folder must be a whole path, beginning with /, without one at its end',
    ),
  );

/** A folder rule: programs that work inside `folder` get `profile`. */
export const folderRuleSchema = z.strictObject({ folder: folderSchema, profile: nameSchema });

export const tokenNameSchema = z
  .string({ error: 'Token name must be text' })
  .check(
    z.minLength(1, 'Token name must have 1 to 64 characters'),
    z.maxLength(64, 'Token name must have 1 to 64 characters'),
    z.regex(/^[A-Za-z0-9_][\w.-]*$/, 'Token name may hold letters, digits and _ . - only'),
  );

const sha256Schema = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'));
const timeMs = z.number({ error: 'must be a time' });

/** A named token of the container endpoint. It has 256 random bits, so its hash gives nothing away. */
export const tokenSchema = z.strictObject({
  name: tokenNameSchema,
  profile: nameSchema,
  sha256: sha256Schema,
  createdAtMs: timeMs,
  lastUsedAtMs: z._default(z.nullable(timeMs), null),
});

/**
 * Whether a command asked for the program (`curl` or `latchkey` as its `credential_process`), and it did not ask itself:
 * neither says anything of the other, since a process may start a command and then become another program.
 */
const throughCommand = z.optional(z.literal(true));

/** By what a program is known again: a compiled one by its file, one that an interpreter runs by its script. */
export const programIdentitySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('executable'), path: z.string(), sha256: sha256Schema, throughCommand }),
  z.strictObject({
    kind: z.literal('script'),
    interpreter: z.string(),
    /**
     * The hash of what stands between the interpreter and the script, since that may load other code; null where
     * nothing does. The text itself is not kept: it may hold secrets.
     */
    options: z.nullable(sha256Schema),
    script: z.string(),
    sha256: sha256Schema,
    throughCommand,
  }),
]);

/** A program that a person has allowed to have a protected profile's credentials, until a time or (null) until revoked. */
export const approvalSchema = z.strictObject({
  id: z.string().check(z.regex(/^[\w-]{1,32}$/)),
  profile: nameSchema,
  program: programIdentitySchema,
  allowedAtMs: timeMs,
  untilMs: z.nullable(timeMs),
});

export type FolderRule = z.output<typeof folderRuleSchema>;
export type NamedToken = z.output<typeof tokenSchema>;
export type ProgramIdentity = z.output<typeof programIdentitySchema>;
export type Approval = z.output<typeof approvalSchema>;
