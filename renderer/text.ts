/** Every word the interface says, but for the broker's own messages, which come with its answers. */
import type { Allowance, HandedOut, ProfileView, Prompt, SessionView, Status } from '../preload/contract.ts';
import { clockTime, date, longDuration, shortDuration } from './time.ts';

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

/** What is said of secrets depends on where they are kept. */
type BySecrets = Record<Status['secrets'], string>;

export const text = {
  product: 'Latchkey',

  navigation: {
    label: 'Views',
    profiles: 'Profiles',
    keys: 'Keys',
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
    line: ({ profile, programs, untilMs }: HandedOut) =>
      `${profile}: ${programNames(programs)} ${programs.length === 1 ? 'has' : 'have'} credentials until ${clockTime(untilMs)}`,
    more: (count: number) => plural(count, 'more profile', 'more profiles'),
  },

  active: {
    heading: 'Active profile',
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
    pinned: 'Pinned',
    pinnedValue: 'Kept ready: renewed also while nobody asks',
    pin: 'Pin',
    pinLabel: (name: string) => `Pin ${name}`,
    pinHint: 'Pin it: kept ready, renewed also while nobody asks',
    unpinHint: 'Unpin it: renewed again only while it is asked for',
    nothingFound: (query: string) => `No profile matches “${query}”`,
    nothingFoundHint: 'Name, account ID, role and base are searched.',
    none: 'No roles yet',
    noneHint:
      'Add a role that this key may assume. Programs then get short-lived credentials for it, never the key.',
    add: 'Add role',
    edit: 'Edit',
    remove: 'Remove',
    useButton: 'Use',
    useAgain: 'Try again',
    roleArn: 'Role ARN',
    base: 'Based on',
    baseKey: (label: string) => `access key ${label}`,
    baseProfile: (name: string) => `profile ${name}`,
    region: 'Region',
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
      const reason = profile.protected
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
    roleArn: 'Role ARN',
    roleArnPlaceholder: 'arn:aws:iam::123456789012:role/Name',
    base: 'Based on',
    baseHint: 'What assumes the role: an access key, or another profile’s session',
    baseKeys: 'Access keys',
    baseProfiles: 'Profiles',
    region: 'Region',
    regionHint: 'Whose STS is asked, and what programs are told',
    more: 'More',
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
    remove: 'Remove',
    removeLabel: (label: string) => `Remove the key ${label}`,
    removeHeading: (label: string) => `Remove the key ${label}?`,
    removeHint: {
      keychain:
        'Its secret is deleted from the keychain, and cannot be had back from here. The key itself stays valid in IAM until it is deleted there.',
      memory:
        'Its secret is dropped from Latchkey’s memory, and cannot be had back from here. The key itself stays valid in IAM until it is deleted there.',
    } satisfies BySecrets,
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
    folder: 'Folder',
    account: 'Account',
    forwarder: 'On behalf of',
    forwards: (forwarder: string) => `a program inside ${forwarder}, which cannot be told from here`,
    commandLine: 'Command line',
    allowance: (allowance: Allowance, tree: { name: string }) =>
      ({ once: 'Once', tree: `All in ${tree.name}`, hours: 'For 8 h', always: 'Always' })[allowance],
    meaning: (allowance: Allowance, program: string, tree: { pid: number; name: string }) =>
      ({
        once: `${program} gets credentials one time`,
        tree: `All that ${tree.name} (process ${tree.pid}) starts, until it ends`,
        hours: `${program}, while its file is unchanged, for 8 hours`,
        always: `${program}, while its file is unchanged, until it is taken back`,
      })[allowance],
    noFile:
      'Its code is in no file of its own, so it cannot be known again: no longer allowance can be given.',
    deny: 'Deny',
  },

  firstRun: {
    heading: 'Keys stay home, programs get sessions',
    explanation: {
      keychain:
        'Add an IAM user’s access key: its secret goes to the system’s keychain and stays there. Then add a role, and every AWS SDK on this machine gets short-lived credentials for it from a local address.',
      memory:
        'Add an IAM user’s access key: its secret stays in Latchkey’s memory only, and is gone when Latchkey ends. Then add a role, and every AWS SDK on this machine gets short-lived credentials for it from a local address.',
    } satisfies BySecrets,
    steps: ['Add an access key', 'Add a role', 'Point a shell at Latchkey'],
    stepsLabel: 'What to do',
    start: 'Add an access key',
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
    move: 'Choose a profile',
    use: 'Use the chosen profile',
    details: 'Show or hide its details',
    pin: 'Pin or unpin it',
    edit: 'Edit it',
    add: 'Add a role',
    keys: 'Access keys',
    profiles: 'Profiles',
    lock: 'Lock',
    back: 'Back, or clear the search',
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
