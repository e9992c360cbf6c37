/** Options that are fields of the contract: `--role-arn` is `roleArn`. */
import type { Problem } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { refusalOf, type Refusal } from './command.ts';

/** The field of an option. */
export function fieldOf(option: string): string {
  return option.replaceAll(/-(.)/g, (_match, letter: string) => letter.toUpperCase());
}

/** The option of a field. */
export function optionOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * What was wrong, with the word of the command line that gave it.
 * @param words those that are no option of their field's name, by the field
 */
export function wrongField(
  { code, message, field, ...more }: Problem,
  words: Readonly<Record<string, string>>,
): Failure | Refusal {
  const where = field === undefined ? undefined : (words[field] ?? `--${optionOf(field)}`);
  const said = where === undefined ? message : `${where}: ${message}`;
  return code === 'InvalidInput'
    ? new Failure('InvalidInput', said)
    : refusalOf({ code, message: said, ...more });
}
