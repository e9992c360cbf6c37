/**
 * The contract: every call and event between the broker and whoever shows or steers it (the window, the
 * browser, the `latchkey` command), declared once, as values with runtime schemas. The broker parses what
 * comes in by them; each transport is made from them, so an undeclared call is a compile error.
 *
 * No call of the interface can carry a credential out of the broker: no output has a field for one.
 */
import * as z from 'zod/mini';
import { accessKeyIdSchema, newAccessKeySchema } from '../main/keys/access-key.ts';
import { auditEventNames } from '../main/audit/record.ts';
import { folderSchema, tokenNameSchema } from '../main/clients/access.ts';
import { settingsChangeSchema, settingsSchema } from '../main/configuration/settings.ts';
import {
  labelSchema,
  mfaSerialSchema,
  nameSchema,
  profileSchema,
  regionSchema,
} from '../main/profiles/profile.ts';

export { mostRecent, requestEvents } from '../main/audit/record.ts';

export { channels, paths } from './paths.ts';

const nothing = z.strictObject({});
const timeMs = z.number();
/** A service as the console's own addresses spell it: `https://console.aws.amazon.com/SERVICE/home`. */
const consoleServiceSchema = z
  .string({ error: 'Service must be text' })
  .check(
    z.regex(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      'Service must be as the console’s addresses spell it, in small letters: s3, ec2, cloudwatch',
    ),
  );
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
  /** Who a program is with it: the session's ARN, as `GetCallerIdentity` tells it. */
  sessionArn: z.string(),
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

/**
 * A step of a chain. Its `session` is where this step stands by itself: what waits for the step before it, or failed with
 * that, is told of that one.
 */
export const chainStepSchema = z.discriminatedUnion('operation', [
  z.object({
    operation: z.literal('GetSessionToken'),
    mfaSerial: z.string(),
    durationSeconds: z.number(),
    session: sessionSchema,
  }),
  z.object({
    operation: z.literal('AssumeRole'),
    /** The profile whose role it is. */
    profile: z.string(),
    roleArn: z.string(),
    externalId: z.optional(z.string()),
    /** There where the code goes into this very step. */
    mfaSerial: z.optional(z.string()),
    mfaMaximumAgeSeconds: z.optional(z.number()),
    durationSeconds: z.number(),
    session: sessionSchema,
  }),
]);

/** The way from an access key to a profile's session, in the order in which it is walked. */
export const chainSchema = z.object({ key: keyViewSchema, steps: z.array(chainStepSchema) });

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
  /** There while a person has put it aside: nobody is told of it until then. */
  snoozedUntilMs: z.optional(timeMs),
});

/** Credentials that programs got and that AWS takes until `untilMs`, whatever is locked or switched here. */
export const handedOutSchema = z.object({
  profile: z.string(),
  /** There where they may read only. */
  readOnly: z.optional(z.literal(true)),
  untilMs: timeMs,
  /** The names of the programs that are known to have them. */
  programs: z.array(z.string()),
});

/** A running program, as a person is to recognize it. */
export const programSchema = z.object({
  pid: z.number(),
  name: z.string(),
  executable: z.optional(z.string()),
  /** What it was started with, cut where it is long. There only where a person decides by it: it may hold secrets. */
  commandLine: z.optional(z.string()),
  /** The command line of what asks in its name (`latchkey exec`, `curl`), where it does not ask itself. */
  command: z.optional(z.string()),
  workingFolder: z.optional(z.string()),
  startedAtMs: timeMs,
  terminal: z.optional(z.string()),
  /** The chain of its parents, the nearest first. */
  parents: z.array(z.object({ pid: z.number(), name: z.string() })),
  /** Where it only passes on what others ask (a container, a virtual machine): what it belongs to. */
  forwarder: z.optional(z.string()),
});

/**
 * How a person may allow a program to have a protected profile's credentials: this program once, all that runs in its
 * process tree, this program for 8 h, or always.
 */
export const allowanceSchema = z.enum(['once', 'tree', 'hours', 'always']);

/** A program that waits for a person to let it have a protected profile's credentials. */
export const approvalRequestSchema = z.object({
  id: z.string(),
  profile: z.string(),
  accountId: z.string(),
  program: programSchema,
  /** The process whose tree `tree` would allow. */
  tree: z.object({ pid: z.number(), name: z.string() }),
  /** The ways that can be had: a program whose code is in no file gets none that outlives its process tree. */
  choices: z.array(allowanceSchema),
  /** By what it would be known again, in words: what `hours` and `always` would hold for. There only where they can be had. */
  knownBy: z.optional(z.string()),
  sinceMs: timeMs,
  /** When it stops waiting. */
  untilMs: timeMs,
});

/** What a person has allowed and not taken back. */
export const approvalViewSchema = z.object({
  id: z.string(),
  profile: z.string(),
  allowance: allowanceSchema,
  /** The program, or the process tree's root, in words. */
  program: z.string(),
  sinceMs: timeMs,
  untilMs: z.nullable(timeMs),
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
  /** The profiles that were used last, the latest first. */
  recent: z.array(z.string()),
  settings: settingsSchema,
  /** Whether there is a desktop, with a browser and a clipboard; without one `console.open` and `tokens.createAndCopy` are refused. */
  hasDesktop: z.boolean(),
  /** Where secrets are kept: `memory` only where a person asked for it, and until the broker ends. */
  secrets: z.enum(['keychain', 'memory']),
  keys: z.array(keyViewSchema),
  prompts: z.array(promptSchema),
  handedOut: z.array(handedOutSchema),
  /** Ports that serve one profile each, whichever is active. */
  endpoints: z.array(
    z.object({
      profile: z.string(),
      port: z.number(),
      url: z.nullable(z.string()),
      problem: z.optional(z.string()),
    }),
  ),
  /** Whether `http://169.254.169.254/` leads here, see `latchkey endpoint link-local`. */
  linkLocal: z.boolean(),
  /** Process trees with a profile of their own: terminals, mostly. */
  bindings: z.array(
    z.object({ profile: z.string(), pid: z.number(), name: z.string(), terminal: z.optional(z.string()) }),
  ),
  /** Folders with a profile of their own, for programs that work inside them. */
  folders: z.array(z.object({ folder: z.string(), profile: z.string() })),
  approvalRequests: z.array(approvalRequestSchema),
  approvals: z.array(approvalViewSchema),
  /** Named tokens of the container endpoint; never the tokens themselves. */
  tokens: z.array(
    z.object({
      name: z.string(),
      profile: z.string(),
      createdAtMs: timeMs,
      lastUsedAtMs: z.nullable(timeMs),
    }),
  ),
  /**
   * Requests that were refused since the broker started, by their reason, the latest first. Where there was nothing to
   * serve they have its code (failure.ts), as that of a problem.
   */
  refusals: z.array(
    z.object({
      reason: z.string(),
      code: z.optional(z.string()),
      count: z.number(),
      lastAtMs: timeMs,
      program: z.optional(z.string()),
    }),
  ),
  /** Why it cannot be told which programs ask; null where that has not been seen. */
  clients: z.object({ problem: z.nullable(z.string()) }),
  /** Why requests are not being recorded; null where they are. */
  audit: z.object({ problem: z.nullable(z.string()) }),
});

export const stateSchema = z.object({ status: statusSchema, profiles: z.array(profileViewSchema) });

/** The profile that a program gets, and who it is with that. */
export const identitySchema = z.object({
  profile: z.string(),
  /** Which rule decided: a profile of the terminal, of the folder, the active one, of the port, or one asked for by name. */
  rule: z.enum(['terminal', 'folder', 'active', 'port', 'name']),
  accountId: z.string(),
  roleArn: z.string(),
  /** The session's own ARN, as `GetCallerIdentity` tells it. */
  arn: z.string(),
  /** Whether a person has to allow a program that asks. */
  protected: z.boolean(),
  session: sessionSchema,
  /** The endpoint's base URL, with a trailing slash. */
  endpoint: z.string(),
});

/**
 * A record of the audit log as it is shown: what happened, never a secret. Requests of one minute that are equal are one
 * record, which is told again when it has counted up.
 */
export const activityRecordSchema = z.object({
  /** Counts up through the broker's run; what is told again has the id that it had. */
  id: z.int().check(z.positive()),
  /** When it happened last. */
  atMs: timeMs,
  event: z.enum(auditEventNames),
  profile: z.optional(z.string()),
  /** What happened exactly, by which rule, or why it was refused: in the broker's own words. */
  detail: z.optional(z.string()),
  count: z.number(),
  /** Until when the session that was acquired or renewed is good. */
  expiresAtMs: z.optional(timeMs),
  /** Who asked, where it is known. It has no command line, which may hold secrets. */
  program: z.optional(
    z.object({
      pid: z.number(),
      name: z.string(),
      executable: z.optional(z.string()),
      workingFolder: z.optional(z.string()),
      startedAtMs: timeMs,
      parents: z.array(z.object({ pid: z.number(), name: z.string() })),
      forwarder: z.optional(z.string()),
    }),
  ),
});

/** What the audit log holds, by what its chain and the keychain prove. */
export const auditVerdictSchema = z.object({
  /** How many records are unchanged and complete, up to the latest checkpoint in the keychain. */
  proven: z.number(),
  /** How many came after that: they are unchanged, but some could have been cut off. */
  unproven: z.number(),
  /** What is wrong, each with its place; none where nothing is. */
  problems: z.array(z.string()),
  /** What is no fault but worth knowing: a line that a crash cut off, older files that were removed for their size. */
  notes: z.array(z.string()),
});

/** What is here beside the settings: it is read from the machine when it is asked for. */
export const installationSchema = z.object({
  /** The data folder's path. */
  dataFolder: z.string(),
  /** What Latchkey runs on, in words. */
  runsOn: z.string(),
  /** Whether the desktop app starts when the user logs in; null where that cannot be had. */
  startsAtLogin: z.nullable(z.boolean()),
});

/**
 * The calls. `profiles.use`, `profiles.setReadOnly`, `mfa.renew`, `sessions.unlock`, `keys.add`, `keys.edit` and
 * `console.open` take as long as AWS and a person take; all others answer at once.
 */
export const calls = {
  'state.read': { input: nothing, output: stateSchema },
  /** Adds a key after `GetCallerIdentity` has confirmed it. The secret goes to the keychain and nowhere else. */
  'keys.add': { input: newAccessKeySchema, output: keyViewSchema, by: 'person' },
  /**
   * Changes what is given of a key, all but its ID and its secret. What is based on it follows a new label; a new region
   * is asked first. With null it has no MFA device any more.
   */
  'keys.edit': {
    input: z.strictObject({
      label: labelSchema,
      newLabel: z.optional(labelSchema),
      mfaSerial: z.optional(z.nullable(mfaSerialSchema)),
      region: z.optional(regionSchema),
    }),
    output: keyViewSchema,
    by: 'person',
  },
  /** Refused while a profile is based on the key. */
  'keys.remove': { input: z.strictObject({ label: labelSchema }), output: nothing, by: 'person' },
  /**
   * Adds a profile, or with `replaces` (its name until now) changes one; with `was` only while it still is that, so that
   * what somebody else has changed meanwhile is not undone.
   */
  'profiles.save': {
    input: z.strictObject({
      profile: profileSchema,
      replaces: z.optional(nameSchema),
      was: z.optional(profileSchema),
    }),
    output: profileViewSchema,
    by: 'person',
  },
  /** Refused while another profile is based on it. */
  'profiles.remove': { input: z.strictObject({ name: nameSchema }), output: nothing, by: 'person' },
  /** The steps of a profile's chain as they stand now. What changes them is told as a profile or a status. */
  'chain.read': { input: z.strictObject({ name: nameSchema }), output: chainSchema },
  /** Makes a profile the active one at once, and resolves when its session is held. */
  'profiles.use': { input: z.strictObject({ name: nameSchema }), output: profileViewSchema },
  /** Whether a profile's session is renewed also while nobody asks for it. */
  'profiles.pin': { input: z.strictObject({ name: nameSchema, pinned: z.boolean() }), output: nothing },
  /**
   * Whether a profile's sessions may read only: they then last 15 min, and have AWS's `ReadOnlyAccess` as session policy.
   * Its session is dropped; where it is the active profile, this resolves when the new one is held.
   */
  'profiles.setReadOnly': {
    input: z.strictObject({ name: nameSchema, readOnly: z.boolean() }),
    output: profileViewSchema,
    by: 'person',
  },
  /** Resolves when STS accepted the code; the prompt stays where it did not. */
  'mfa.answer': { input: z.strictObject({ serial: mfaSerialSchema, code: mfaCodeSchema }), output: nothing },
  /** Asks for a fresh code for a profile, and resolves when its session is held anew. */
  'mfa.renew': { input: z.strictObject({ name: nameSchema }), output: profileViewSchema },
  'mfa.cancel': { input: z.strictObject({ serial: mfaSerialSchema }), output: nothing },
  /**
   * Puts a prompt aside for some minutes: it stays, and nobody is told of it until then, or until a person asks for what
   * needs its code. With null it is asked for again at once.
   */
  'mfa.snooze': {
    input: z.strictObject({
      serial: mfaSerialSchema,
      minutes: z.nullable(z.int().check(z.minimum(1), z.maximum(60))),
    }),
    output: nothing,
    by: 'person',
  },
  /** Signs the person's browser in to the AWS console. Refused where Latchkey has no desktop to open one on. */
  'console.open': {
    input: z.strictObject({ name: nameSchema, service: z.optional(consoleServiceSchema) }),
    output: nothing,
  },
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
  /** Allows what an approval request asks for. */
  'approvals.allow': {
    input: z.strictObject({ id: z.string(), allowance: allowanceSchema }),
    output: nothing,
    by: 'person',
  },
  /** Denies it, and for a quiet time every further one of that program for that profile. */
  'approvals.deny': { input: z.strictObject({ id: z.string() }), output: nothing },
  'approvals.revoke': { input: z.strictObject({ id: z.string() }), output: nothing },
  /** Gives a folder a profile of its own, or with null takes it away. */
  'folders.set': {
    input: z.strictObject({ folder: folderSchema, profile: z.nullable(nameSchema) }),
    output: nothing,
    by: 'person',
  },
  /**
   * Makes a named token of the container endpoint and puts it on the desktop's clipboard, for a minute; tells the address
   * that it is for. Refused where Latchkey has no desktop; where it could not be copied there is no token.
   */
  'tokens.createAndCopy': {
    input: z.strictObject({ name: tokenNameSchema, profile: nameSchema }),
    output: z.object({ url: z.string() }),
    by: 'person',
  },
  /** Ends a named token of the container endpoint. */
  'tokens.revoke': { input: z.strictObject({ name: tokenNameSchema }), output: nothing },
  /**
   * Changes some of the settings, at once. A port that cannot be had changes nothing; one that `--port` has set for this
   * run is the next start's.
   */
  'settings.save': { input: settingsChangeSchema, output: nothing, by: 'person' },
  'installation.read': { input: nothing, output: installationSchema },
  /** Whether the desktop app starts when the user logs in. Refused where that cannot be had. */
  'installation.startAtLogin': {
    input: z.strictObject({ on: z.boolean() }),
    output: nothing,
    by: 'person',
  },
  /** The latest records of this run, in the order in which they began: some hundreds at most. `activity` events go on from there. */
  'activity.read': { input: nothing, output: z.object({ records: z.array(activityRecordSchema) }) },
  /** Reads the whole audit log. */
  'audit.verify': { input: nothing, output: auditVerdictSchema },
  /** Shows the window, or where there is none gives a link for a browser that works once, within five minutes. */
  'interface.open': { input: nothing, output: z.object({ link: z.nullable(z.string()) }) },
} as const satisfies Record<string, CallDeclaration>;

/**
 * Calls for the `latchkey` command alone, on the local socket: they are about the process that makes them, or give
 * something that the interface must not have.
 */
export const commandCalls = {
  /**
   * Gives the terminal that the caller was typed in (where there is none, the caller's parent process) a profile of its
   * own, for all that runs in its process tree; with null takes it away.
   */
  'bindings.set': {
    input: z.strictObject({ profile: z.nullable(nameSchema) }),
    output: z.object({ pid: z.number(), name: z.string() }),
  },
  /**
   * What a program in the caller's place gets, and who it is with that.
   * `address` is where its environment sends SDKs, if anywhere: an address of one profile's decides.
   */
  'identity.read': {
    input: z.strictObject({ address: z.optional(z.string().check(z.maxLength(2048))) }),
    output: identitySchema,
  },
  /**
   * A link that signs a browser in to the AWS console: a secret, for 15 minutes. A protected profile's is given to a
   * program that has been allowed its credentials only. It takes as long as AWS and a person take.
   */
  'console.link': {
    input: z.strictObject({ name: nameSchema, service: z.optional(consoleServiceSchema) }),
    output: z.object({ url: z.string() }),
  },
  /** The same behind an address that leads this user's browser there, once, within two minutes: for a command line. */
  'console.page': {
    input: z.strictObject({ name: nameSchema, service: z.optional(consoleServiceSchema) }),
    output: z.object({ url: z.string() }),
  },
  /** Makes a named token for the container endpoint. It is told this once. */
  'tokens.create': {
    input: z.strictObject({ name: tokenNameSchema, profile: nameSchema }),
    output: z.object({ token: z.string(), url: z.string() }),
    by: 'person',
  },
} as const satisfies Record<string, CallDeclaration>;

interface CallDeclaration {
  readonly input: z.core.$ZodType;
  readonly output: z.core.$ZodType;
  /** Only a person may do it: from the interface, or over the local socket after a challenge on a terminal. */
  readonly by?: 'person';
}

/**
 * The events. The first one after subscribing is `state`, the others change it, so a subscriber never
 * needs to read the state besides. `activity` is no part of the state.
 */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: stateSchema }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  z.object({ type: z.literal('profile'), profile: profileViewSchema }),
  z.object({ type: z.literal('profileRemoved'), name: z.string() }),
  /** What was recorded, or has counted up, since the last of these: about once a second at most, see `activity.read`. */
  z.object({ type: z.literal('activity'), records: z.array(activityRecordSchema) }),
]);

export type CallName = keyof typeof calls;
/** What the caller may give; defaults are filled in by the broker. */
export type Input<Name extends CallName> = z.input<(typeof calls)[Name]['input']>;
/** What the broker gets after parsing. */
export type ParsedInput<Name extends CallName> = z.output<(typeof calls)[Name]['input']>;
export type Output<Name extends CallName> = z.output<(typeof calls)[Name]['output']>;
export type CommandCallName = keyof typeof commandCalls;
export type CommandInput<Name extends CommandCallName> = z.input<(typeof commandCalls)[Name]['input']>;
export type CommandOutput<Name extends CommandCallName> = z.output<(typeof commandCalls)[Name]['output']>;
export type BrokerEvent = z.output<typeof eventSchema>;
export type State = z.output<typeof stateSchema>;
export type Status = z.output<typeof statusSchema>;
export type ProfileView = z.output<typeof profileViewSchema>;
export type KeyView = z.output<typeof keyViewSchema>;
export type SessionView = z.output<typeof sessionSchema>;
export type Chain = z.output<typeof chainSchema>;
export type ChainStep = z.output<typeof chainStepSchema>;
export type Prompt = z.output<typeof promptSchema>;
export type HandedOut = z.output<typeof handedOutSchema>;
export type Problem = z.output<typeof problemSchema>;
export type ProgramView = z.output<typeof programSchema>;
export type Allowance = z.output<typeof allowanceSchema>;
export type ApprovalRequest = z.output<typeof approvalRequestSchema>;
export type Installation = z.output<typeof installationSchema>;
export type ApprovalView = z.output<typeof approvalViewSchema>;
export type ActivityRecord = z.output<typeof activityRecordSchema>;
export type Identity = z.output<typeof identitySchema>;
export type AuditVerdict = z.output<typeof auditVerdictSchema>;

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
