/** A number as it is typed into a setting, checked by the contract's schema. Pure. */
import { calls } from '../../preload/contract.ts';
import type { Status } from '../../preload/contract.ts';
import { messagesByField } from '../parts/messages.ts';
import { text } from '../text.ts';

export type NumberSetting = 'port' | 'lockAfterIdleMinutes' | 'protectedMinutes';

/** What is typed as the setting's value: null where nothing is, NaN where it is no number. */
export function typedNumber(typed: string): number | null {
  const digits = typed.trim();
  if (digits === '') return null;
  return /^\d+$/.test(digits) ? Number(digits) : NaN;
}

/** What is wrong with what is typed, in the broker's own words; undefined where nothing is. */
export function wrongWith(
  name: NumberSetting,
  typed: string,
  endpoints: Status['endpoints'],
): string | undefined {
  const value = typedNumber(typed);
  const result = calls['settings.save'].input.safeParse({ [name]: value });
  if (!result.success) return messagesByField(result.error.issues)[name];
  const owner = name === 'port' ? endpoints.find(({ port }) => port === value) : undefined;
  return owner && text.settings.portTaken(owner.port, owner.profile);
}
