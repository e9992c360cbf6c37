/** What a person sets: the form of each setting, what it is unless set, and which change takes a defence away. Pure. */
import * as z from 'zod/mini';

const portMessage = 'Port must be a whole number from 1 to 65535';
const port = z
  .number({ error: portMessage })
  .check(z.int(portMessage), z.minimum(1, portMessage), z.maximum(65535, portMessage));

function minutes(what: string) {
  const message = `${what} must be whole minutes from 1 to 1440, which is a day`;
  return z.number({ error: message }).check(z.int(message), z.minimum(1, message), z.maximum(1440, message));
}

const flag = z.boolean({ error: 'must be true or false' });

const fields = {
  /** The endpoint's TCP port on 127.0.0.1. */
  port,
  /** Whether requests without a token, of IMDS version 1, are answered. */
  imdsV1: flag,
  /** When Latchkey locks by itself. */
  lockWithScreen: flag,
  lockOnSleep: flag,
  /** null: never. */
  lockAfterIdleMinutes: z.nullable(minutes('The idle time')),
  /** Whether sessions that took an MFA code outlive a restart, in the keychain. */
  keepMfaSessions: flag,
  /** After how many minutes a protected profile gives the active place back. */
  protectedMinutes: minutes('The time of a protected profile'),
  /** Whether the desktop app shows notifications. */
  notifications: flag,
};

/** All settings, each with a value. */
export const settingsSchema = z.strictObject(fields);

/** Some settings, as they are to be: what is left out stays as it is. */
export const settingsChangeSchema = z.partial(settingsSchema);

export type Settings = z.output<typeof settingsSchema>;
export type SettingsChange = z.output<typeof settingsChangeSchema>;

/** What each setting is unless a person sets it. */
export const standardSettings: Settings = {
  port: 9254,
  imdsV1: false,
  lockWithScreen: false,
  lockOnSleep: false,
  lockAfterIdleMinutes: null,
  keepMfaSessions: true,
  protectedMinutes: 30,
  notifications: true,
};

/** The settings as config.json holds them: each may be missing. */
export const keptSettingsSchema = z.strictObject({
  port: z._default(fields.port, standardSettings.port),
  imdsV1: z._default(fields.imdsV1, standardSettings.imdsV1),
  lockWithScreen: z._default(fields.lockWithScreen, standardSettings.lockWithScreen),
  lockOnSleep: z._default(fields.lockOnSleep, standardSettings.lockOnSleep),
  lockAfterIdleMinutes: z._default(fields.lockAfterIdleMinutes, standardSettings.lockAfterIdleMinutes),
  keepMfaSessions: z._default(fields.keepMfaSessions, standardSettings.keepMfaSessions),
  protectedMinutes: z._default(fields.protectedMinutes, standardSettings.protectedMinutes),
  notifications: z._default(fields.notifications, standardSettings.notifications),
});

/** The settings after a change. */
export function withChange(before: Settings, change: SettingsChange): Settings {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return settingsSchema.parse({ ...before, ...Object.fromEntries(given) });
}

type SettingName = keyof Settings;

/** For each setting: what it is in words, and whether it guards less in its new value than before. */
const rules: {
  readonly [Name in SettingName]: {
    readonly inWords: (value: Settings[Name]) => string;
    readonly weakens: (before: Settings[Name], after: Settings[Name]) => boolean;
  };
} = {
  port: { inWords: (value) => `the endpoint’s port ${value}`, weakens: () => false },
  imdsV1: { inWords: onOrOff('IMDS without a token (version 1)'), weakens: isTurnedOn },
  lockWithScreen: { inWords: onOrOff('lock with the screen'), weakens: isTurnedOff },
  lockOnSleep: { inWords: onOrOff('lock on sleep'), weakens: isTurnedOff },
  lockAfterIdleMinutes: {
    inWords: (value) =>
      value === null ? 'no lock however long nobody is there' : `lock after ${value} idle min`,
    weakens: (before, after) => (after ?? Infinity) > (before ?? Infinity),
  },
  keepMfaSessions: { inWords: onOrOff('MFA sessions kept in the keychain'), weakens: isTurnedOn },
  protectedMinutes: {
    inWords: (value) => `protected profiles active for ${value} min`,
    weakens: (before, after) => after > before,
  },
  // They tell what programs ask for while nobody looks at the window.
  notifications: { inWords: onOrOff('notifications'), weakens: isTurnedOff },
};

/**
 * What a change does, for a person to confirm and for the record: "lock on sleep off (weakens a defence), the endpoint’s
 * port 9300". What is the same as before is left out.
 */
export function changeInWords(before: Settings, change: SettingsChange): string {
  const names = Object.keys(change).filter((name): name is SettingName => Object.hasOwn(rules, name));
  return names.flatMap((name) => partInWords(name, before[name], change[name])).join(', ');
}

function partInWords<Name extends SettingName>(
  name: Name,
  before: Settings[Name],
  after: Settings[Name] | undefined,
): string[] {
  if (after === undefined || after === before) return [];
  const { inWords, weakens } = rules[name];
  return [`${inWords(after)}${weakens(before, after) ? ' (weakens a defence)' : ''}`];
}

function onOrOff(what: string) {
  return (value: boolean) => `${what} ${value ? 'on' : 'off'}`;
}

function isTurnedOn(before: boolean, after: boolean): boolean {
  return after && !before;
}

function isTurnedOff(before: boolean, after: boolean): boolean {
  return before && !after;
}
