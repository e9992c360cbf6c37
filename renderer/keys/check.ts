/** A new access key, or the change of one, as its form gives it, checked by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Input, KeyView } from '../../preload/contract.ts';
import { messagesByField } from '../parts/messages.ts';
import type { Messages } from '../parts/messages.ts';

export type NewKey = Input<'keys.add'>;
export type KeyChange = Input<'keys.edit'>;

/** What a person may change of a key, as its form has it. */
export interface KeyDraft {
  label: string;
  mfaSerial: string;
  region: string;
}

/** What is wrong with each field, in the broker's own words. Keeps nothing of the secret. */
export function checkKey(key: NewKey): Messages {
  const result = calls['keys.add'].input.safeParse(key);
  // JavaScript's RegExp holds on to the text it last matched, which was the secret: let it match another.
  /^/.test('');
  return result.success ? {} : messagesByField(result.error.issues);
}

/** What of a key is another in the form. */
export function changeOf({ label, mfaSerial = '', region }: KeyView, draft: KeyDraft): KeyChange {
  const [newLabel, newSerial, newRegion] = [draft.label.trim(), draft.mfaSerial.trim(), draft.region.trim()];
  return {
    label,
    ...(newLabel === label ? {} : { newLabel }),
    ...(newSerial === mfaSerial ? {} : { mfaSerial: newSerial === '' ? null : newSerial }),
    ...(newRegion === region ? {} : { region: newRegion }),
  };
}

/** What is wrong with each field of a change, in the broker's own words. */
export function checkChange(change: KeyChange): Messages {
  const result = calls['keys.edit'].input.safeParse(change);
  return result.success ? {} : messagesByField(result.error.issues);
}
