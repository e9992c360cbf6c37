/** Every word the interface says, but for the broker's own messages, which come with its answers. */
import type {
  ActivityRecord,
  Allowance,
  ApprovalView,
  HandedOut,
  Identity,
  ProfileView,
  Prompt,
  SessionView,
  Status,
} from '../preload/contract.ts';
import type { Principal } from './profiles/policies.ts';
import type { Reason, Side } from './profiles/refusal.ts';
import { clockTime, date, longDuration, moment, shortDuration } from './time.ts';

const plural = (count: number, one: string, many: string) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** How many programs are named before the others are only counted. */
const namedPrograms = 3;

/** "terraform and aws", "terraform, aws, node and 2 more". */
function programNames(programs: readonly string[]): string {
  if (programs.length === 0) return 'programs that are not known';
  if (programs.length <= namedPrograms + 1) return list.format(programs);
  return list.format([...programs.slice(0, namedPrograms), `${programs.length - namedPrograms} more`]);
}

/** A profile that programs hold credentials of. */
function heldProfile({ profile, readOnly }: Pick<HandedOut, 'profile' | 'readOnly'>): string {
  return readOnly ? `${profile} (read-only)` : profile;
}

/** The broker's words for which rule decided, as a person would say them. */
const rules: Readonly<Record<string, string>> = {
  active: 'the active profile',
  terminal: 'the profile of its terminal',
  folder: 'the profile of its folder',
  port: 'by a port of its own',
  name: 'asked for by name',
} satisfies Record<Identity['rule'], string>;

/** "folder, allowed always" as "the profile of its folder, allowed always". */
function servedBy(detail: string): string {
  const [rule = '', ...further] = detail.split(', ');
  return [rules[rule] ?? rule, ...further].join(', ');
}

/** A call of the contract, which is what a record of one that was refused names. */
const callForm = /^[a-z]+\.[a-z]+$/i;

/** What is said of secrets depends on where they are kept. */
type BySecrets = Record<Status['secrets'], string>;

export const text = {
  product: 'Latchkey',

  navigation: {
    label: 'Views',
    profiles: 'Profiles',
    activity: 'Activity',
    keys: 'Keys',
    settings: 'Settings',
    lock: 'Lock',
    lockHint: 'Drop every session and serve nothing until unlocked',
    shortcuts: 'Keyboard shortcuts',
  },

  session: {
    state: {
      idle: 'Idle',
      acquiring: 'Signing in…',
      active: 'Ready',
      refreshing: 'Renewing',
      waitingForMfa: 'Needs code',
      failed: 'Failed',
    } satisfies Record<SessionView['state'], string>,
    left: (seconds: number) => `${shortDuration(seconds)} left`,
    leftSpoken: (seconds: number) => `${longDuration(seconds)} left`,
    ended: 'Expired',
    until: (ms: number) => `until ${clockTime(ms)}`,
    stillServed: (ms: number) => `The session it had is served until ${clockTime(ms)}.`,
    retryAt: (ms: number) => `Next try at ${clockTime(ms)}.`,
  },

  freshCode: {
    offer: (ageSeconds: number) =>
      `The code behind this was given ${longDuration(ageSeconds)} ago. If the role wants a fresher one, give a new code.`,
    give: 'Give a new code',
    asking: 'Waiting for the code…',
  },

  handedOut: {
    heading: 'What programs got before stays valid at AWS',
    programs: programNames,
    profile: heldProfile,
    line: ({ profile, readOnly, programs, untilMs }: HandedOut) =>
      `${heldProfile({ profile, readOnly })}: ${programNames(programs)} ${programs.length === 1 ? 'has' : 'have'} credentials until ${clockTime(untilMs)}`,
    more: (count: number) => plural(count, 'more profile', 'more profiles'),
  },

  active: {
    heading: 'Active profile',
    identity: 'Who programs are',
    usedBy: (programs: readonly string[]) => `In the last minutes: ${programNames(programs)}`,
    notUsed: 'No program has used it in the last minutes',
    none: 'No active profile',
    noneHint: 'Choose one, and programs get its credentials.',
    codeDeclined: 'Its session needs an MFA code.',
    giveCode: 'Enter a code',
    endpoint: 'Endpoint',
    copyEndpoint: 'Copy the endpoint’s address',
    shell: 'Point a shell at it',
    shellHint: 'Paste this into a shell, and every AWS SDK and the AWS CLI started there ask Latchkey.',
    shellPrecedence: 'Static keys in ~/.aws or in AWS_… variables come first where a program finds any.',
    copyShell: 'Copy the line',
    returns: (to: string | null, seconds: number) =>
      to === null
        ? `In ${longDuration(seconds)} no profile is active any more`
        : `Back to ${to} in ${longDuration(seconds)}`,
    returnsAt: (ms: number) =>
      `Protected: it leaves the active place at ${clockTime(ms)}. To use it again begins the time anew.`,
    noDesktop:
      'Latchkey runs without a desktop here and opens no browser. This prints a link that signs one in, for 15 minutes:',
    nowActive: (view: ProfileView, seconds: number | undefined) =>
      `${view.profile.name} is active${seconds === undefined ? '' : `, ${longDuration(seconds)} left`}.`,
  },

  profiles: {
    heading: 'Profiles',
    search: 'Search profiles',
    placeholder: (count: number) => `Search ${plural(count, 'profile', 'profiles')}`,
    clear: 'Clear the search',
    found: (count: number) => `${plural(count, 'profile', 'profiles')} found`,
    list: 'Profiles',
    use: (name: string) => `Use ${name}`,
    details: (name: string) => `Details of ${name}`,
    isActive: 'Active',
    protected: 'Protected',
    protectedHint: 'Its sessions are of 15 min, and it leaves the active place by itself after a time',
    readOnly: 'Read-only',
    readOnlyHint:
      'Its sessions are of 15 min and may read only: AWS’s ReadOnlyAccess is their session policy',
    readOnlyOn: 'Make it read-only: sessions of 15 min with AWS’s ReadOnlyAccess as session policy',
    readOnlyOff: 'End read-only: its sessions may do again what its role may',
    readOnlySaid: (name: string, readOnly: boolean) =>
      readOnly ? `${name} is read-only` : `${name} is not read-only any more`,
    console: 'Console',
    consoleHint: 'Open the AWS console, signed in as this profile',
    consoleOpening: (name: string) => `Opening the AWS console as ${name}…`,
    consoleOpened: (name: string) => `The AWS console is open as ${name}`,
    lines: 'Copy lines',
    linesHint: 'Copy the lines that give a shell this profile',
    linesCopied: (name: string | undefined) =>
      name === undefined
        ? 'Lines copied: a shell gets the active profile, whichever it is'
        : `Lines copied: a shell gets ${name}`,
    linesNotCopied: 'The lines could not be copied',
    groups: {
      pinned: 'Pinned',
      recent: 'Recent',
      account: (id: string) => `Account ${id}`,
    },
    pinned: 'Pinned',
    pinnedValue: 'Kept ready: renewed also while nobody asks',
    pin: 'Pin',
    pinLabel: (name: string) => `Pin ${name}`,
    pinHint: 'Pin it: kept ready, renewed also while nobody asks',
    unpinHint: 'Unpin it: renewed again only while it is asked for',
    nothingFound: (query: string) => `No profile matches “${query}”`,
    nothingFoundHint: 'Name, account ID, role and access key are searched.',
    none: 'No roles yet',
    noneHint:
      'Add a role that this key may assume. Programs then get short-lived credentials for it, never the key.',
    add: 'Add role',
    edit: 'Edit',
    remove: 'Remove',
    useButton: 'Use',
    useAgain: 'Try again',
    roleArn: 'Role ARN',
    region: 'Region',
    sessionPolicies: 'Session policies',
    externalId: 'External ID',
    mfaSerial: 'MFA device',
    mfaMode: 'MFA mode',
    mfaModes: { session: 'Shared session', direct: 'Direct' },
    mfaMaximumAge: 'MFA age',
    mfaMaximumAgeValue: (seconds: number) => `${longDuration(seconds)} at most`,
    sessionName: 'Session name',
    port: 'Port of its own',
    duration: 'Session',
    durationValue: ({ profile, effectiveDurationSeconds }: ProfileView) => {
      const effective = longDuration(effectiveDurationSeconds);
      if (effectiveDurationSeconds >= profile.durationSeconds) return effective;
      const reason = profile.readOnly
        ? 'a read-only one gets no more'
        : profile.protected
          ? 'a protected profile gets no more'
          : 'STS allows no more after another session';
      return `${effective} (${longDuration(profile.durationSeconds)} set; ${reason})`;
    },
    removeHeading: (name: string) => `Remove ${name}?`,
    removeHint:
      'Its session is dropped and programs get no more credentials for it. The role in AWS stays as it is.',
  },

  profileForm: {
    add: 'Add role',
    edit: (name: string) => `Edit ${name}`,
    name: 'Name',
    nameHint: 'Your own name for it, for example sandbox-admin',
    nameTaken: (name: string) => `There is a profile “${name}” already`,
    roleArn: 'Role ARN',
    roleArnPlaceholder: 'arn:aws:iam::123456789012:role/Name',
    base: 'Based on',
    baseHint: 'What assumes the role: an access key, or another profile’s session',
    baseKeys: 'Access keys',
    baseProfiles: 'Profiles',
    region: 'Region',
    regionHint: 'Whose STS is asked, and what programs are told',
    more: 'More',
    sessionPolicies: 'Session policies',
    sessionPoliciesHint: 'ARNs of managed policies: it may do what its role and any one of these allow',
    externalId: 'External ID',
    externalIdHint: 'Where the role’s trust policy asks for one',
    mfaSerial: 'MFA device',
    mfaSerialHint: 'Serial number or ARN. Empty: the access key’s own',
    mfaMode: 'MFA mode',
    mfaModes: { automatic: 'Automatic', session: 'Shared session', direct: 'Direct' },
    mfaModeHints: {
      automatic: 'One code for many roles; direct where the session is to be longer than 1 h',
      session: 'One code for many roles, with sessions of 1 h at most',
      direct: 'A code for this role alone, with sessions of up to 12 h',
    },
    mfaMaximumAge: 'Greatest MFA age',
    mfaMaximumAgeHint:
      '1 min to 36 h, where the role’s trust policy sets aws:MultiFactorAuthAge. Empty: any age',
    sessionName: 'Session name',
    sessionNameHint: 'Shown in CloudTrail. Empty: chosen by Latchkey',
    duration: 'Session duration',
    durationHint: '15 min to 12 h, as far as the role allows',
    durationShortened: {
      chained: 'STS gives no more than 1 h to a role assumed from another role.',
      shared: 'STS gives no more than 1 h with a shared MFA session.',
      protected: 'A protected profile’s sessions are of 15 min, whatever is set here.',
    },
    baseDuration: 'Base session duration',
    baseDurationHint: '15 min to 36 h: how long one MFA code lasts',
    port: 'Port of its own',
    portHint: '1024 to 65535: an address that serves this profile, whichever is active. Empty: none',
    portTaken: (port: number, profile: string | undefined) =>
      `Port ${port} is that of ${profile === undefined ? 'the endpoint' : `the profile “${profile}”`} already`,
    colour: 'Colour',
    protected: 'Protected',
    protectedHint:
      'For roles that can do harm: marked with a shield, sessions of 15 min, and it leaves the active place by itself after a time',
    save: 'Save',
    saving: 'Saving…',
    cancel: 'Cancel',
    wrong: (count: number) => `${plural(count, 'field needs', 'fields need')} another look.`,
  },

  durations: ['15 min', '30 min', '1 h', '2 h', '4 h', '8 h', '12 h'],
  baseDurations: ['1 h', '4 h', '8 h', '12 h', '24 h', '36 h'],
  mfaMaximumAges: ['5 min', '15 min', '30 min', '1 h', '4 h', '12 h'],

  keys: {
    heading: 'Access keys',
    custody: {
      keychain: 'Secrets are in the system’s keychain. This window cannot read them back.',
      memory:
        'Secrets are in Latchkey’s memory only, and gone when it ends. This window cannot read them back.',
    } satisfies BySecrets,
    add: 'Add key',
    none: 'No access keys yet',
    account: 'Account',
    user: 'User',
    mfaSerial: 'MFA device',
    region: 'Region',
    usedBy: (count: number) =>
      count === 0 ? 'Not used by a profile' : `Used by ${plural(count, 'profile', 'profiles')}`,
    addedOn: (ms: number) => `Added ${date(ms)}`,
    old: (days: number) => `In Latchkey for ${days.toLocaleString('en')} days`,
    oldHint:
      'And at least as old in AWS. Many rules, AWS Config’s among them, want an access key replaced after 90 days.',
    replace: 'How to replace it',
    replaceSteps: (user: string, label: string) => [
      `In IAM, open ${user}, then Security credentials, and create a second access key.`,
      'Add that here, under a label of its own.',
      `Edit each profile that is based on “${label}”, and base it on the new key.`,
      `In IAM, deactivate the old key. Once nothing has missed it for some days, delete it there, and remove “${label}” here.`,
    ],
    rootUser: 'the root user',
    remove: 'Remove',
    removeLabel: (label: string) => `Remove the key ${label}`,
    change: 'Change',
    changeLabel: (label: string) => `Change the key ${label}`,
    changeHeading: (label: string) => `Change ${label}`,
    changeIntro: (id: string) =>
      `Its ID, ${id}, and its secret stay as they are. Profiles that are based on it follow a new label.`,
    changeRegionHint: 'Whose STS is asked. A new one is asked at once whether it takes the key.',
    saveChange: 'Save',
    savingChange: 'Saving…',
    removeHeading: (label: string) => `Remove the key ${label}?`,
    removeHint: {
      keychain:
        'Its secret is deleted from the keychain, and cannot be had back from here. The key itself stays valid in IAM until it is deleted there.',
      memory:
        'Its secret is dropped from Latchkey’s memory, and cannot be had back from here. The key itself stays valid in IAM until it is deleted there.',
    } satisfies BySecrets,
  },

  chain: {
    heading: 'Chain',
    of: (name: string) => `Chain of ${name}: the steps from the access key to its session`,
    key: (label: string) => `Access key ${label}`,
    kept: {
      keychain: 'In the keychain',
      memory: 'In memory',
    } satisfies BySecrets,
    user: (name: string | undefined, accountId: string) =>
      `${name === undefined ? 'root user' : `user ${name}`} of ${accountId}`,
    mfa: 'MFA session',
    mfaOf: (device: string) => `by a code of ${device}`,
    role: (roleName: string, accountId: string) => `role ${roleName} in ${accountId}`,
    withCode: (device: string) => `with a code of ${device}`,
  },

  refusedRole: {
    heading: { one: 'What is missing', several: 'What may be missing, the likeliest first' },
    side: (side: Side, trusted: Principal, trusting: Principal) =>
      ({
        trusting: `${trusting.name} in ${trusting.accountId}`,
        trusted: `${trusted.name} in ${trusted.accountId}`,
        either: 'Either side',
        profile: 'This profile',
      })[side],
    reason: (
      reason: Reason,
      {
        trusted,
        trusting,
        externalId,
      }: { trusted: Principal; trusting: Principal; externalId: string | undefined },
    ) =>
      ({
        rootUser:
          'AWS lets no root user assume a role. Base the profile on the access key of an IAM user instead.',
        trust: `The trust policy of the role ${trusting.name} does not allow ${trusted.kind} ${trusted.name} of ${trusted.accountId}.`,
        roleArn:
          'The role ARN is not quite right: AWS says the same where there is no such role. Account, path, and capital letters count.',
        otherExternalId: `The trust policy asks for another external ID than ${externalId ?? ''}.`,
        noExternalId: 'The trust policy asks for an external ID, and the profile has none.',
        noMfa: 'The trust policy asks for an MFA code, and the profile has no MFA device.',
        mfaOfRole: `The trust policy asks for an MFA code, which a session of the role ${trusted.name} never has: AWS does not carry one from role to role.`,
        permission:
          trusted.accountId === trusting.accountId
            ? `The ${trusted.kind} ${trusted.name} is not permitted sts:AssumeRole on it. Within one account a trust policy that names it is enough.`
            : `The ${trusted.kind} ${trusted.name} is not permitted sts:AssumeRole on it.`,
        boundary: `The permissions boundary of the ${trusted.kind} ${trusted.name} does not allow sts:AssumeRole on it.`,
        organization: 'A service or resource control policy of the organization does not allow it.',
        explicitDeny: 'A policy denies it explicitly, which no other policy can undo.',
      })[reason],
    policies: 'Policies to copy',
    trustPolicy: (role: string) => `Trust policy of ${role}`,
    trustPlace: ({ name, accountId }: Principal) =>
      `In account ${accountId}: IAM, Roles, ${name}, Trust relationships. Where others use the role, add the statement to theirs.`,
    permission: (trusted: Principal) => `Permission of ${trusted.name}`,
    permissionPlace: ({ kind, name, accountId }: Principal) =>
      `In account ${accountId}: IAM, ${kind === 'user' ? 'Users' : 'Roles'}, ${name}, Add permissions, Create inline policy.`,
    copy: (what: string) => `Copy: ${what}`,
  },

  keyForm: {
    heading: 'Add access key',
    intro: {
      keychain:
        'The secret goes to the system’s keychain and nowhere else. AWS is asked once whose key it is.',
      memory:
        'The secret stays in Latchkey’s memory only, and is gone when Latchkey ends. AWS is asked once whose key it is.',
    } satisfies BySecrets,
    label: 'Label',
    labelHint: 'Your own name for it, for example work',
    labelTaken: (label: string, accessKeyId: string) =>
      `The label “${label}” is taken by the access key ${accessKeyId}`,
    idTaken: (label: string) => `This access key is there already, as “${label}”`,
    accessKeyId: 'Access key ID',
    secretAccessKey: 'Secret access key',
    secretHint: 'Not kept in this window: after each try it is asked for anew',
    secretCleared: 'The secret was not kept. Please enter it again.',
    mfaSerial: 'MFA device (optional)',
    mfaSerialHint: 'Its ARN or serial number, from IAM → Users → Security credentials',
    region: 'Region',
    regionHint: 'Whose STS the key is checked at',
    save: 'Verify and add',
    saving: 'Asking AWS…',
    cancel: 'Cancel',
    addedHeading: 'AWS knows this key',
    addedHint: (label: string) =>
      ({
        keychain: `“${label}” is in the keychain. Its owner, as AWS tells it:`,
        memory: `“${label}” has its secret in Latchkey’s memory until Latchkey ends. Its owner, as AWS tells it:`,
      }) satisfies BySecrets,
    next: 'Add a role',
    done: 'Done',
  },

  mfa: {
    region: 'MFA codes wanted',
    heading: (device: string) => `Code for ${device}`,
    /** Said where it is not seen. */
    wanted: (device: string, profile: string) => `A code for ${device} is wanted, for ${profile}.`,
    account: (id: string) => `in account ${id}`,
    cause: {
      person: 'asked for by you',
      program: 'asked for by a program',
      renewal: 'to be renewed',
    } satisfies Record<Prompt['cause'], string>,
    /** Followed by the program's name. */
    causedBy: 'asked for by',
    announced: (seconds: number) =>
      `Needed ${seconds < 60 ? 'within a minute' : `in ${longDuration(seconds)}`}; give it now and nothing stops.`,
    announcedUntil: (ms: number) => `The session that it renews lasts until ${clockTime(ms)}`,
    used: 'The code it shows has been used.',
    next: (seconds: number) => `Next one in ${seconds} s.`,
    serial: 'Device',
    code: 'Six-digit code',
    window: (seconds: number) => `The device shows a new code in ${seconds} s`,
    windowShort: (seconds: number) => `${seconds} s`,
    checking: 'Checking…',
    submit: 'Confirm',
    cancel: 'Not now',
    later: 'Put it aside',
    /** Minutes that a prompt can be put aside for, and how that is said. */
    laterChoices: [
      { minutes: 5, short: '5 min', long: 'Put it aside for 5 min' },
      { minutes: 15, short: '15 min', long: 'Put it aside for 15 min' },
      { minutes: 60, short: '1 h', long: 'Put it aside for 1 h' },
    ],
    laterHint: 'You are told of it again then. Programs that need the code are refused as before.',
    snoozed: (ms: number) => `put aside until ${clockTime(ms)}`,
    giveNow: 'Give it now',
  },

  approvals: {
    region: 'Programs that wait to be allowed',
    /** Said where it is not seen. */
    wanted: (program: string, profile: string) => `${program} asks for ${profile}, which is protected.`,
    /** Around the program's name, before the profile's. */
    ask: 'Allow',
    use: 'to use',
    program: 'Program',
    startedBy: 'Started by',
    command: 'Asks by',
    folder: 'Folder',
    account: 'Account',
    forwarder: 'On behalf of',
    forwards: (forwarder: string) => `a program inside ${forwarder}, which cannot be told from here`,
    knownBy: 'Known again by',
    commandLine: 'Command line',
    allowance: (allowance: Allowance, tree: { name: string }) =>
      ({ once: 'Once', tree: `All in ${tree.name}`, hours: 'For 8 h', always: 'Always' })[allowance],
    meaning: (
      allowance: Allowance,
      program: string,
      tree: { pid: number; name: string },
      knownBy: string = program,
    ) =>
      ({
        once: `${program} gets credentials one time`,
        tree: `All that ${tree.name} (process ${tree.pid}) starts, until it ends`,
        hours: `${knownBy}, while its file is unchanged, for 8 hours`,
        always: `${knownBy}, while its file is unchanged, until it is taken back`,
      })[allowance],
    noFile:
      'Its code is in no file of its own, so it cannot be known again: no longer allowance can be given.',
    deny: 'Deny',
  },

  activity: {
    heading: 'Activity',
    charts: 'Sessions and requests',
    panes: { label: 'What is shown', log: 'Log', access: 'Access' },
    reading: 'Reading the log…',
    readAgain: 'Try again',
    filter: 'Filter the log',
    placeholder: 'Program, profile, reason',
    clear: 'Clear the filter',
    refusedOnly: 'Refused',
    refusedOnlyHint: 'Show refused requests only',
    list: 'What happened, the latest first',
    found: (count: number) => `${plural(count, 'entry', 'entries')} found`,
    newer: (count: number) => `${count.toLocaleString('en')} newer`,
    newerHint: 'Show what has come meanwhile',
    none: 'Nothing yet',
    noneHint: 'As soon as a program asks for credentials, it is here.',
    nothingFound: (query: string) => `Nothing matches “${query}”`,
    nothingFoundHint: 'Programs, what started them, folders, profiles and reasons are searched.',
    nothingRefusedFound: (query: string) => `Nothing that was refused matches “${query}”`,
    nothingRefused: 'Nothing was refused',
    nothingRefusedHint: 'What Latchkey refuses a program is listed here, with the reason.',

    /** What happened. A profile's name follows, where there is one; before the first two a program's. */
    what: {
      served: 'got',
      refused: 'was refused',
      sessionAcquired: 'Session',
      mfa: 'MFA',
      switched: 'Switched to',
      consoleLink: 'Console sign-in',
      locked: 'Locked',
      unlocked: 'Unlocked',
      approval: 'Approval',
      keyChanged: 'Access key',
      profileChanged: 'Profile',
      accessChanged: 'Access',
      settingsChanged: 'Settings',
      interfaceOpened: 'Interface',
      started: 'Latchkey started',
      ended: 'Latchkey ended',
      audit: 'Audit log',
    } satisfies Record<ActivityRecord['event'], string>,
    unknownProgram: 'Unknown program',
    by: (program: string) => `by ${program}`,
    times: (count: number) => `× ${count.toLocaleString('en')}`,
    timesSpoken: (count: number) => plural(count, 'time', 'times'),
    /** How it happened, or why not: of the broker's own words, rules as a person would say them. */
    detail({
      event,
      detail = '',
      expiresAtMs,
    }: Pick<ActivityRecord, 'event' | 'detail' | 'expiresAtMs'>): string {
      if (event === 'served') return servedBy(detail);
      if (event === 'refused' && callForm.test(detail)) return `${detail} is for a person only`;
      return expiresAtMs === undefined ? detail : `${detail}, until ${clockTime(expiresAtMs)}`;
    },
    facts: {
      program: 'Program',
      process: 'Process',
      startedBy: 'Started by',
      folder: 'Folder',
      started: 'Running since',
      forwarder: 'On behalf of',
      how: 'How',
      why: 'Why',
      time: 'Last at',
      times: 'Times',
      profile: 'Profile',
      unknown: 'It ended, or its connection did, before it could be told which one it was.',
    },
    clientsProblem:
      'Protected profiles are served to no program, nor is anything where terminals or folders have profiles of their own.',
    auditProblem: 'What programs do is not recorded as it should be.',

    timeline: {
      heading: 'Sessions',
      hint: 'last and next hours',
      none: 'No session in the last hours',
      moments: 'MFA, locks',
      valid: 'valid',
      renewed: 'renewed',
      mfa: 'MFA',
      locked: 'locked',
      caption: 'Sessions of the last hours',
      columns: ['Profile', 'From', 'Until', 'Renewed at'],
      before: 'before what is recorded here',
      momentsCaption: 'MFA codes and locks of the last hours',
      momentColumns: ['Time', 'What'],
      span: (profile: string, fromMs: number | undefined, untilMs: number) =>
        `${profile}: ${fromMs === undefined ? '' : `${clockTime(fromMs)} `}– ${clockTime(untilMs)}`,
      renewal: (ms: number) => `renewed at ${clockTime(ms)}`,
      moment: (what: string, ms: number) => `${what}, ${clockTime(ms)}`,
    },
    rates: {
      heading: 'Requests a minute',
      hint: 'last half hour',
      none: 'No request in the last half hour',
      caption: 'Requests of the last half hour, by program',
      columns: ['Program', 'This minute', 'Most in a minute', 'In all'],
      peak: (count: number) => `max ${count.toLocaleString('en')}`,
      more: (count: number) => plural(count, 'more program', 'more programs'),
    },

    access: {
      none: 'Every program gets the active profile',
      noneHint:
        'What gives a program another one is listed here: terminals, folders, ports and tokens; and what you have allowed.',
      terminals: 'Terminals',
      terminalsHint: 'Until they end, or: latchkey use --here --none',
      process: (name: string, pid: number) => `${name}, process ${pid}`,
      folders: 'Folders',
      ports: 'Ports of their own',
      portsHint: 'Set in the profile',
      copyPort: (profile: string) => `Copy the address of ${profile}`,
      tokens: 'Tokens',
      tokenMade: (ms: number) => `made ${date(ms)}`,
      tokenUsed: (ms: number | null) => (ms === null ? 'never used' : `last used ${moment(ms)}`),
      approvals: 'Approvals',
      approvalsHint: 'Programs that may have a protected profile',
      allowance: ({ allowance, sinceMs, untilMs }: ApprovalView) =>
        ({
          once: `once, since ${moment(sinceMs)}`,
          tree: `its process tree, since ${moment(sinceMs)}`,
          hours: untilMs === null ? 'for 8 h' : `until ${moment(untilMs)}`,
          always: `always, since ${moment(sinceMs)}`,
        })[allowance],
      remove: 'Remove',
      removeFolder: (folder: string) => `Remove the profile of ${folder}`,
      removeFolderHeading: 'Take the folder’s profile away?',
      removeFolderHint: (folder: string) => `Programs that work in ${folder} then get the active profile.`,
      revoke: 'Revoke',
      revokeToken: (name: string) => `Revoke the token ${name}`,
      revokeTokenHeading: (name: string) => `Revoke the token ${name}?`,
      revokeTokenHint:
        'Programs that have it get no more credentials. What they got stays valid until it ends.',
      revokeApproval: (program: string, profile: string) => `Revoke ${program} for ${profile}`,
      revokeApprovalHeading: (profile: string) => `Take this approval for ${profile} back?`,
      revokeApprovalHint: (program: string) =>
        `${program} has to be allowed again. What it got stays valid until it ends.`,
    },
  },

  settings: {
    heading: 'Settings',
    saved: 'Saved',
    minutes: 'min',

    endpoint: 'Endpoint',
    port: 'Port',
    portHint: (url: string) => `Programs ask ${url}. A change takes effect at once.`,
    portElsewhere: (url: string) =>
      `This run was started with another port, and programs ask ${url}. A change is for the next start.`,
    portLinkLocal: 'http://169.254.169.254/ leads to the old port then, until: latchkey endpoint link-local',
    portTaken: (port: number, profile: string) => `Port ${port} is the own port of the profile ${profile}`,
    imdsV1: 'Answer version 1 of IMDS',
    imdsV1Hint:
      'For programs that ask without a token. It is the token that keeps a program from being tricked into fetching credentials for somebody else.',

    lock: 'Lock',
    lockHint: 'It drops every session. Only the desktop app is told of these.',
    lockHeadless:
      'It drops every session. This Latchkey runs without a desktop, and is told of none of these.',
    lockWithScreen: 'With the screen',
    lockOnSleep: 'When the computer goes to sleep',
    lockAfterIdleMinutes: 'When nobody is there',
    lockAfterIdleMinutesHint: 'Minutes without keyboard and mouse. Empty: never',

    sessions: 'Sessions',
    keepMfaSessions: 'Keep MFA sessions across restarts',
    keepMfaSessionsHint: {
      keychain:
        'In the system’s keychain, until they end or you lock. Off: what it holds of them is removed.',
      memory: 'This Latchkey keeps secrets in memory: they end with it, whatever is set here.',
    } satisfies BySecrets,
    protectedMinutes: 'Time of a protected profile',
    protectedMinutesHint: 'Then the profile before it is active again; from its next use on',

    computer: 'This computer',
    notifications: 'Notifications',
    notificationsHint:
      'That a code or an approval is waited for, and what AWS refused: else only the window and the tray say so',
    notificationsHeadless: 'The desktop app shows them; this Latchkey runs without a desktop.',
    startAtLogin: 'Start at login',
    startAtLoginHint: 'In the tray, without a window',
    startAtLoginNever: 'Only the desktop app can be, and only on its usual data folder',

    access: 'Access that was given',
    accessNone: 'No approvals, no tokens, and no profile with a port of its own.',

    newToken: 'New token',
    newTokenHint:
      'Opens one profile to programs that ask over the container protocol. It is told once, on the clipboard.',
    newTokenName: 'Token name',
    newTokenNameHint: 'What it is for, for example build-box',
    newTokenProfile: 'Profile',
    newTokenMake: 'Make and copy',
    newTokenMaking: 'Making…',
    newTokenCopied: (name: string) =>
      `The token ${name} is copied, and is taken off the clipboard in 60 seconds. A program that keeps a history of the clipboard may keep it.`,
    newTokenUse:
      'Paste it into a file that only you can read, without an end of line. Then these lines lead programs to it; copied, they take its place on the clipboard.',
    newTokenCopyLines: 'Copy the lines',
    newTokenHeadless: 'This Latchkey runs without a desktop, and has no clipboard. Type in a terminal:',
    newTokenCopyCommand: 'Copy the command',

    about: 'About',
    dataFolder: 'Data folder',
    copyDataFolder: 'Copy the data folder’s path',
    version: 'Version',
    runsOn: 'Runs on',
  },

  firstRun: {
    heading: 'Keys stay home, programs get sessions',
    explanation: {
      keychain:
        'Add an IAM user’s access key: its secret goes to the system’s keychain and stays there. Then add a role, and every AWS SDK on this machine gets short-lived credentials for it from a local address.',
      memory:
        'Add an IAM user’s access key: its secret stays in Latchkey’s memory only, and is gone when Latchkey ends. Then add a role, and every AWS SDK on this machine gets short-lived credentials for it from a local address.',
    } satisfies BySecrets,
    steps: [
      'Add an access key',
      'Add a role',
      'Point a shell at Latchkey',
      'See a first program get the role',
    ],
    stepsLabel: 'What to do',
    start: 'Add an access key',
    waiting: 'Waiting for a first program…',
    /** Between the program and the profile. */
    got: 'got',
    refused: 'asked, and was refused:',
    aProgram: 'A program',
  },

  locked: {
    heading: 'Locked',
    explanation: 'Every session is dropped. Programs get no credentials until you unlock.',
    unlock: 'Unlock',
    unlocking: 'Unlocking…',
  },

  connecting: { heading: 'Connecting to Latchkey…' },

  /** Gives a new link, for a page whose own is of no use any more. */
  openCommand: 'latchkey open',

  gone: {
    heading: 'Latchkey is not running',
    explanation:
      'Programs get no credentials from it now. Start it again, and open a new link from a terminal:',
    retry: 'Try now',
  },

  signIn: {
    heading: 'This page is signed out',
    explanation: 'A link works once, within five minutes. Get a new one in a terminal:',
  },

  problem: {
    details: 'Details',
    awsCode: 'AWS error code',
    requestId: 'AWS request ID',
    code: 'Code',
    dismiss: 'Dismiss',
    unanswered: 'Latchkey gave no answer. Try again.',
  },

  copy: { copy: 'Copy', copied: 'Copied', refused: 'Not copied' },

  confirm: { cancel: 'Cancel' },

  shortcuts: {
    heading: 'Keyboard shortcuts',
    close: 'Close',
    or: 'or',
    search: 'Search, from anywhere',
    move: 'Choose a profile, or an entry of the log',
    page: 'A page back or on',
    ends: 'The first or the last one',
    use: 'Use the chosen profile; show or hide the chosen entry’s details',
    details: 'Show or hide its details',
    pin: 'Pin or unpin it',
    copyLines: 'Copy the lines that give a shell it, or the active one',
    console: 'Open the AWS console as it, or as the active one',
    readOnly: 'Make it, or the active one, read-only; again to end that',
    edit: 'Edit it',
    add: 'Add a role',
    activity: 'Activity',
    keys: 'Access keys',
    settings: 'Settings',
    profiles: 'Profiles',
    lock: 'Lock',
    waiting: 'To what waits for you: a program to be allowed, a code to be given',
    next: 'To the next of all that can be done here',
    back: 'Back; clear the search; not now, where a code is asked for',
    sheet: 'This list',
  },

  colours: {
    slate: 'Slate',
    red: 'Red',
    orange: 'Orange',
    amber: 'Amber',
    green: 'Green',
    teal: 'Teal',
    blue: 'Blue',
    violet: 'Violet',
    pink: 'Pink',
  } satisfies Record<ProfileView['profile']['colour'], string>,
} as const;
