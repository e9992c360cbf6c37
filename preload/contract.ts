/**
 * The contract: every call and event between the broker and whoever shows or steers it (the window, the
 * browser, the `latchkey` command), declared once, as values with runtime schemas. The broker parses what
 * comes in by them; each transport is made from them, so an undeclared call is a compile error.
 *
 * Nothing here can carry a credential out of the broker: no output has a field for one.
 */
import * as z from 'zod/mini';
import { accessKeyIdSchema, newAccessKeySchema } from '../main/keys/access-key.ts';
import { labelSchema, mfaSerialSchema, nameSchema, profileSchema } from '../main/profiles/profile.ts';

const nothing = z.strictObject({});
const timeMs = z.number();
const mfaCodeSchema = z.string().check(z.regex(/^\d{6}$/, 'An MFA code has six digits'));

/** Why something was not done: `code` for programs, `message` for the person. */
export const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** The input field that is wrong. */
  field: z.optional(z.string()),
  awsCode: z.optional(z.string()),
  requestId: z.optional(z.string()),
});

/**
 * Where a profile's session stands.
 * `active` and `refreshing` have a session (`expiresAtMs`); `failed` may still have one that is served until it ends.
 */
export const sessionSchema = z.object({
  state: z.enum(['idle', 'acquiring', 'active', 'refreshing', 'waitingForMfa', 'failed']),
  expiresAtMs: z.optional(timeMs),
  problem: z.optional(
    z.extend(problemSchema, {
      atMs: timeMs,
      retryAtMs: z.optional(timeMs),
      /**
       * There where STS refused a role to a session whose MFA code is this old, and a fresh one (`mfa.renew`) may help:
       * STS does not say whether the age was the reason.
       */
      mfaAgeSeconds: z.optional(z.number()),
    }),
  ),
});

/** A profile with what is known of it now. */
export const profileViewSchema = z.object({
  profile: profileSchema,
  accountId: z.string(),
  roleName: z.string(),
  /** What the chain really allows: one hour where the role is assumed with a session. In seconds. */
  effectiveDurationSeconds: z.number(),
  session: sessionSchema,
});

export const keyViewSchema = z.object({
  label: z.string(),
  accessKeyId: accessKeyIdSchema,
  accountId: z.string(),
  userArn: z.string(),
  mfaSerial: z.optional(z.string()),
  region: z.string(),
  addedAtMs: timeMs,
});

/** An MFA device that a code is wanted from. One for each device, however many wait for it. */
export const promptSchema = z.object({
  serial: z.string(),
  /** The profile whose session is waited for, the account of its role, and who caused that. */
  profile: z.string(),
  accountId: z.string(),
  cause: z.enum(['person', 'program', 'renewal']),
  /** The program's name, where one caused it and it is known. */
  program: z.optional(z.string()),
  state: z.enum(['waiting', 'checking']),
  /** What was wrong with the last code. */
  problem: z.optional(z.string()),
  sinceMs: timeMs,
  /** There in an announcement: the session that the code is to follow on still lasts until then. */
  neededAtMs: z.optional(timeMs),
  /** There while the code that the device shows has been used: the next one comes then. */
  nextCodeAtMs: z.optional(timeMs),
});

/** Credentials that programs got and that AWS takes until `untilMs`, whatever is locked or switched here. */
export const handedOutSchema = z.object({
  profile: z.string(),
  untilMs: timeMs,
  /** The names of the programs that are known to have them. */
  programs: z.array(z.string()),
});

/** Everything but the profiles, which can be thousands and are told one by one. */
export const statusSchema = z.object({
  version: z.string(),
  locked: z.boolean(),
  /** The active profile's name: what the endpoint serves. */
  active: z.nullable(z.string()),
  /** While a protected profile is active: when it stops being so, and the profile that follows it. */
  returns: z.nullable(z.object({ to: z.nullable(z.string()), atMs: timeMs })),
  /** The endpoint's base URL, with a trailing slash. */
  endpoint: z.string(),
  /** Where secrets are kept: `memory` only where a person asked for it, and until the broker ends. */
  secrets: z.enum(['keychain', 'memory']),
  keys: z.array(keyViewSchema),
  prompts: z.array(promptSchema),
  handedOut: z.array(handedOutSchema),
});

export const stateSchema = z.object({ status: statusSchema, profiles: z.array(profileViewSchema) });

/**
 * The calls. `profiles.use`, `mfa.renew`, `sessions.unlock` and `keys.add` take as long as STS and a person take; all
 * others answer at once.
 */
export const calls = {
  'state.read': { input: nothing, output: stateSchema },
  /** Adds a key after `GetCallerIdentity` has confirmed it. The secret goes to the keychain and nowhere else. */
  'keys.add': { input: newAccessKeySchema, output: keyViewSchema },
  /** Refused while a profile is based on the key. */
  'keys.remove': { input: z.strictObject({ label: labelSchema }), output: nothing },
  /** Adds a profile, or with `replaces` (its name until now) changes one. */
  'profiles.save': {
    input: z.strictObject({ profile: profileSchema, replaces: z.optional(nameSchema) }),
    output: profileViewSchema,
  },
  /** Refused while another profile is based on it. */
  'profiles.remove': { input: z.strictObject({ name: nameSchema }), output: nothing },
  /** Makes a profile the active one at once, and resolves when its session is held. */
  'profiles.use': { input: z.strictObject({ name: nameSchema }), output: profileViewSchema },
  /** Whether a profile's session is renewed also while nobody asks for it. */
  'profiles.pin': { input: z.strictObject({ name: nameSchema, pinned: z.boolean() }), output: nothing },
  /** Resolves when STS accepted the code; the prompt stays where it did not. */
  'mfa.answer': { input: z.strictObject({ serial: mfaSerialSchema, code: mfaCodeSchema }), output: nothing },
  /** Asks for a fresh code for a profile, and resolves when its session is held anew. */
  'mfa.renew': { input: z.strictObject({ name: nameSchema }), output: profileViewSchema },
  'mfa.cancel': { input: z.strictObject({ serial: mfaSerialSchema }), output: nothing },
  /** Drops every session; nothing is served or fetched until `sessions.unlock`. */
  'sessions.lock': { input: nothing, output: nothing },
  /**
   * Unlocks by the operating system's authentication where there is one, else from the interface as it is. A code,
   * which STS confirms, unlocks from anywhere; `serial` says of which device, where there are several.
   */
  'sessions.unlock': {
    input: z.strictObject({ code: z.optional(mfaCodeSchema), serial: z.optional(mfaSerialSchema) }),
    output: nothing,
  },
  /** Shows the window, or where there is none gives a link for a browser that works once, within five minutes. */
  'interface.open': { input: nothing, output: z.object({ link: z.nullable(z.string()) }) },
} as const;

/**
 * The events. The first one after subscribing is `state`, the others change it, so a subscriber never
 * needs to read the state besides.
 */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: stateSchema }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  z.object({ type: z.literal('profile'), profile: profileViewSchema }),
  z.object({ type: z.literal('profileRemoved'), name: z.string() }),
]);

export type CallName = keyof typeof calls;
/** What the caller may give; defaults are filled in by the broker. */
export type Input<Name extends CallName> = z.input<(typeof calls)[Name]['input']>;
/** What the broker gets after parsing. */
export type ParsedInput<Name extends CallName> = z.output<(typeof calls)[Name]['input']>;
export type Output<Name extends CallName> = z.output<(typeof calls)[Name]['output']>;
export type BrokerEvent = z.output<typeof eventSchema>;
export type State = z.output<typeof stateSchema>;
export type Status = z.output<typeof statusSchema>;
export type ProfileView = z.output<typeof profileViewSchema>;
export type KeyView = z.output<typeof keyViewSchema>;
export type SessionView = z.output<typeof sessionSchema>;
export type Prompt = z.output<typeof promptSchema>;
export type HandedOut = z.output<typeof handedOutSchema>;
export type Problem = z.output<typeof problemSchema>;

/** A call's answer as every transport carries it: errors keep their kind on the way. */
export type Answer<Value> = { readonly value: Value } | { readonly problem: Problem };

/** What the preload exposes as `window.latchkey`, and what the browser's transport provides in its place. */
export interface LatchkeyApi {
  call<Name extends CallName>(name: Name, input: Input<Name>): Promise<Answer<Output<Name>>>;
  /**
   * Calls `listener` with each event, the first being `state`; the result ends that. `interrupted` is called when the
   * events have stopped coming; they begin again with `state` where they can.
   */
  subscribe(listener: (event: BrokerEvent) => void, interrupted?: () => void): () => void;
}

/** Electron's IPC channels, and the paths of the HTTP transports: `POST /call/NAME`, `GET /events` (one JSON document a line). */
export const channels = {
  call: 'latchkey:call',
  subscribe: 'latchkey:subscribe',
  unsubscribe: 'latchkey:unsubscribe',
  event: 'latchkey:event',
} as const;
export const paths = { call: '/call/', events: '/events', exchange: '/exchange' } as const;
