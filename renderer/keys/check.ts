/** A new access key as its form gives it, checked by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Input } from '../../preload/contract.ts';
import { messagesByField } from '../parts/messages.ts';
import type { Messages } from '../parts/messages.ts';

export type NewKey = Input<'keys.add'>;

/** What is wrong with each field, in the broker's own words. Keeps nothing of the secret. */
export function checkKey(key: NewKey): Messages {
  const result = calls['keys.add'].input.safeParse(key);
  // JavaScript's RegExp holds on to the text it last matched, which was the secret: let it match another.
  /^/.test('');
  return result.success ? {} : messagesByField(result.error.issues);
}
