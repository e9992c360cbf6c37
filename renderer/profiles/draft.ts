/** A role profile as its form holds it: every field a text, until it is parsed by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Input, KeyView, ProfileView } from '../../preload/contract.ts';
import type { Known } from '../broker/known.ts';
import { parseDuration, writeDuration } from '../duration.ts';
import { messagesByField } from '../parts/messages.ts';
import type { Messages } from '../parts/messages.ts';
import { text } from '../text.ts';

export type ProfileInput = Input<'profiles.save'>['profile'];
type Colour = NonNullable<ProfileInput['colour']>;
type MfaMode = NonNullable<ProfileInput['mfaMode']>;

const { shape } = calls['profiles.save'].input.shape.profile;

export const colours: readonly Colour[] = shape.colour.def.innerType.options;
export const mfaModes: readonly MfaMode[] = shape.mfaMode.def.innerType.options;

/** What STS grants at most to a role that is assumed with another session, whatever is asked. */
const chainedSeconds = 3600;

export interface ProfileDraft {
  name: string;
  roleArn: string;
  /** `key:LABEL` or `profile:NAME`, the values of one select. Empty while none is chosen. */
  base: string;
  region: string;
  externalId: string;
  mfaSerial: string;
  /** Empty: Latchkey's own choice. */
  mfaMode: MfaMode | '';
  mfaMaximumAgeSeconds: string;
  sessionName: string;
  /** With spaces between them. */
  sessionPolicyArns: string;
  durationSeconds: string;
  baseDurationSeconds: string;
  colour: Colour;
  protected: boolean;
  pinned: boolean;
  readOnly: boolean;
  /** Empty: none of its own. */
  port: string;
}

/** An empty form, based on the only or first key. */
export function newDraft(keys: readonly KeyView[]): ProfileDraft {
  const [key] = keys;
  return {
    name: '',
    roleArn: '',
    base: key ? `key:${key.label}` : '',
    region: key?.region ?? '',
    externalId: '',
    mfaSerial: '',
    mfaMode: '',
    mfaMaximumAgeSeconds: '',
    sessionName: '',
    sessionPolicyArns: '',
    durationSeconds: writeDuration(shape.durationSeconds.def.defaultValue),
    baseDurationSeconds: writeDuration(shape.baseDurationSeconds.def.defaultValue),
    colour: shape.colour.def.defaultValue,
    protected: false,
    pinned: false,
    readOnly: false,
    port: '',
  };
}

export function draftOf({ profile }: ProfileView): ProfileDraft {
  const { base } = profile;
  return {
    ...profile,
    base: 'key' in base ? `key:${base.key}` : `profile:${base.profile}`,
    externalId: profile.externalId ?? '',
    mfaSerial: profile.mfaSerial ?? '',
    mfaMode: profile.mfaMode ?? '',
    mfaMaximumAgeSeconds:
      profile.mfaMaximumAgeSeconds === undefined ? '' : writeDuration(profile.mfaMaximumAgeSeconds),
    sessionName: profile.sessionName ?? '',
    sessionPolicyArns: profile.sessionPolicyArns?.join(' ') ?? '',
    durationSeconds: writeDuration(profile.durationSeconds),
    baseDurationSeconds: writeDuration(profile.baseDurationSeconds),
    port: profile.port === undefined ? '' : String(profile.port),
  };
}

/** Whether the profile takes its code itself: one based on another profile leaves that to what it is based on. */
export function takesCode(draft: ProfileDraft): boolean {
  return !draft.base.startsWith('profile:');
}

/**
 * What the broker is given: spaces around a text dropped, since they come from pasting, and left out what is empty or
 * not for a profile with this base.
 */
export function profileOf(draft: ProfileDraft): ProfileInput {
  const [kind, baseName = ''] = splitOnce(draft.base, ':');
  const externalId = draft.externalId.trim();
  const mfaSerial = draft.mfaSerial.trim();
  const { mfaMode } = draft;
  const mfaMaximumAge = draft.mfaMaximumAgeSeconds.trim();
  const sessionName = draft.sessionName.trim();
  const sessionPolicyArns = draft.sessionPolicyArns.split(/[\s,;]+/).filter((arn) => arn !== '');
  const port = draft.port.trim();
  return {
    name: draft.name.trim(),
    roleArn: draft.roleArn.trim(),
    base: kind === 'profile' ? { profile: baseName } : { key: baseName },
    region: draft.region.trim(),
    ...(externalId && { externalId }),
    ...(mfaSerial && { mfaSerial }),
    ...(takesCode(draft) && mfaMode && { mfaMode }),
    ...(takesCode(draft) && mfaMaximumAge && { mfaMaximumAgeSeconds: parseDuration(mfaMaximumAge) }),
    ...(sessionName && { sessionName }),
    ...(sessionPolicyArns.length > 0 && { sessionPolicyArns }),
    durationSeconds: parseDuration(draft.durationSeconds),
    baseDurationSeconds: parseDuration(draft.baseDurationSeconds),
    colour: draft.colour,
    protected: draft.protected,
    pinned: draft.pinned,
    readOnly: draft.readOnly,
    ...(port && { port: Number(port) }),
  };
}

/** Why the session will not last as long as the form says, if it will not. */
export function shortenedBy(
  draft: ProfileDraft,
  keys: readonly KeyView[],
): 'protected' | 'chained' | 'shared' | undefined {
  if (draft.protected) return 'protected';
  if (!(parseDuration(draft.durationSeconds) > chainedSeconds)) return undefined;
  if (!takesCode(draft)) return 'chained';
  const key = keys.find(({ label }) => draft.base === `key:${label}`);
  const hasDevice = draft.mfaSerial.trim() !== '' || key?.mfaSerial !== undefined;
  return draft.mfaMode === 'session' && hasDevice ? 'shared' : undefined;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/** What is wrong with each field, in the broker's own words. */
export function checkDraft(draft: ProfileDraft): Messages {
  const result = calls['profiles.save'].input.safeParse({ profile: profileOf(draft) });
  return result.success ? {} : messagesByField(result.error.issues, 'profile');
}

/** What of it another profile has, or for a port the endpoint. `replaces`: the profile that it is to take the place of. */
export function takenFields(
  draft: ProfileDraft,
  { profiles, status }: Pick<Known, 'profiles' | 'status'>,
  replaces: string | undefined,
): Messages {
  const name = draft.name.trim();
  const port = Number(draft.port);
  const owner = status.endpoints.find((one) => one.port === port && one.profile !== replaces);
  const messages: Record<string, string> = {};
  if (name !== replaces && profiles.has(name)) messages['name'] = text.profileForm.nameTaken(name);
  if (owner || port === status.settings.port)
    messages['port'] = text.profileForm.portTaken(port, owner?.profile);
  return messages;
}
