/** A role profile as its form holds it: every field a text, until it is parsed by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Input, KeyView, ProfileView } from '../../preload/contract.ts';
import { parseDuration, writeDuration } from '../duration.ts';
import { messagesByField } from '../parts/messages.ts';
import type { Messages } from '../parts/messages.ts';

export type ProfileInput = Input<'profiles.save'>['profile'];
type Colour = NonNullable<ProfileInput['colour']>;

const { shape } = calls['profiles.save'].input.shape.profile;

export const colours: readonly Colour[] = shape.colour.def.innerType.options;

/** What STS grants at most to a role that is assumed from another role's session, whatever is asked. */
export const chainedSeconds = 3600;

export interface ProfileDraft {
  name: string;
  roleArn: string;
  /** `key:LABEL` or `profile:NAME`, the values of one select. Empty while none is chosen. */
  base: string;
  region: string;
  externalId: string;
  mfaSerial: string;
  sessionName: string;
  durationSeconds: string;
  baseDurationSeconds: string;
  colour: Colour;
  protected: boolean;
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
    sessionName: '',
    durationSeconds: writeDuration(shape.durationSeconds.def.defaultValue),
    baseDurationSeconds: writeDuration(shape.baseDurationSeconds.def.defaultValue),
    colour: shape.colour.def.defaultValue,
    protected: false,
  };
}

export function draftOf({ profile }: ProfileView): ProfileDraft {
  const { base } = profile;
  return {
    ...profile,
    base: 'key' in base ? `key:${base.key}` : `profile:${base.profile}`,
    externalId: profile.externalId ?? '',
    mfaSerial: profile.mfaSerial ?? '',
    sessionName: profile.sessionName ?? '',
    durationSeconds: writeDuration(profile.durationSeconds),
    baseDurationSeconds: writeDuration(profile.baseDurationSeconds),
  };
}

/** What the broker is given: spaces around a text dropped, since they come from pasting, and empty fields left out. */
export function profileOf(draft: ProfileDraft): ProfileInput {
  const [kind, baseName = ''] = splitOnce(draft.base, ':');
  const externalId = draft.externalId.trim();
  const mfaSerial = draft.mfaSerial.trim();
  const sessionName = draft.sessionName.trim();
  return {
    name: draft.name.trim(),
    roleArn: draft.roleArn.trim(),
    base: kind === 'profile' ? { profile: baseName } : { key: baseName },
    region: draft.region.trim(),
    ...(externalId && { externalId }),
    ...(mfaSerial && { mfaSerial }),
    ...(sessionName && { sessionName }),
    durationSeconds: parseDuration(draft.durationSeconds),
    baseDurationSeconds: parseDuration(draft.baseDurationSeconds),
    colour: draft.colour,
    protected: draft.protected,
  };
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
