/** A new access key, or the change of one, as its form gives it, checked by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Input, KeyView } from '../../preload/contract.ts';
import { messagesByField } from '../parts/messages.ts';
import type { Messages } from '../parts/messages.ts';
import { text } from '../text.ts';

export type NewKey = Input<'keys.add'>;
export type KeyChange = Input<'keys.edit'>;

/** What a person may change of a key, as its form has it. */
export interface KeyDraft {
  label: string;
  mfaSerial: string;
  region: string;
}

/** What is wrong with each field of a key to be added to `keys`. Keeps nothing of the secret. */
export function checkKey(key: NewKey, keys: readonly KeyView[]): Messages {
  const result = calls['keys.add'].input.safeParse(key);
  // JavaScript's RegExp holds on to the text it last matched, which was the secret: let it match another.
  /^/.test('');
  return { ...takenFields(key, keys), ...(result.success ? {} : messagesByField(result.error.issues)) };
}

/** The same key under the same label is one whose secret is given anew: it takes both to say that anything is taken. */
function takenFields({ label, accessKeyId }: NewKey, keys: readonly KeyView[]): Messages {
  if (label === '' || accessKeyId === '') return {};
  const ofLabel = keys.find((key) => key.label === label);
  const ofId = keys.find((key) => key.accessKeyId === accessKeyId);
  if (ofLabel === ofId) return {};
  return {
    ...(ofLabel && { label: text.keyForm.labelTaken(label, ofLabel.accessKeyId) }),
    ...(ofId && { accessKeyId: text.keyForm.idTaken(ofId.label) }),
  };
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

/** What is wrong with each field of a change of one of `keys`. */
export function checkChange(change: KeyChange, keys: readonly KeyView[]): Messages {
  const result = calls['keys.edit'].input.safeParse(change);
  if (!result.success) return messagesByField(result.error.issues);
  const owner = keys.find(({ label }) => label === change.newLabel);
  return owner ? { newLabel: text.keyForm.labelTaken(owner.label, owner.accessKeyId) } : {};
}
