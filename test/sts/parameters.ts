/** The limits that STS's service model puts on parameters, and what it says when they are not kept. */
import { Refusal, validationError } from './refusal.ts';

/** Length in UTF-16 units (the service is written in Java) and the pattern of the whole text. */
export interface TextLimits {
  readonly min: number;
  readonly max: number;
  readonly pattern: string;
}

export interface NumberLimits {
  readonly min: number;
  readonly max: number;
}

/** As in the service model, 2011-06-15, in the spelling of its patterns, which are quoted in messages. */
export const limits = {
  RoleArn: {
    min: 20,
    max: 2048,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+',
  },
  RoleSessionName: { min: 2, max: 64, pattern: '[\\w+=,.@-]*' },
  ExternalId: { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' },
  PolicyArn: {
    min: 20,
    max: 2048,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+',
  },
  SerialNumber: { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' },
  TokenCode: { min: 6, max: 6, pattern: '[\\d]*' },
  AssumeRoleDurationSeconds: { min: 900, max: 43200 },
  GetSessionTokenDurationSeconds: { min: 900, max: 129600 },
} as const satisfies Record<string, TextLimits | NumberLimits>;

/** Reads the parameters of one call and collects every limit they break, to name them all in one refusal. */
export class ParameterReader {
  readonly #given: ReadonlyMap<string, string>;
  readonly #violations: string[] = [];

  constructor(given: ReadonlyMap<string, string>) {
    this.#given = given;
  }

  text(name: string, limit: TextLimits): string | undefined {
    const value = this.#given.get(name);
    if (value === undefined) return undefined;
    if (!new RegExp(`^(?:${limit.pattern})$`).test(value)) {
      this.#violate(name, value, `satisfy regular expression pattern: ${limit.pattern}`);
    }
    this.#within(name, value, 'length', value.length, limit);
    return value;
  }

  /** The empty text stands for an absent parameter, and {@link refuseIfInvalid} then throws. */
  requiredText(name: string, limit: TextLimits): string {
    const value = this.text(name, limit);
    if (value === undefined) {
      this.#violations.push(
        `Value null at '${memberName(name)}' failed to satisfy constraint: Member must not be null`,
      );
    }
    return value ?? '';
  }

  /** @throws Refusal MalformedInput when the value is not a whole number; its wording is ours. */
  seconds(name: string, limit: NumberLimits): number | undefined {
    const value = this.#given.get(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/u.test(value)) {
      throw new Refusal(400, 'MalformedInput', `Value '${value}' at '${memberName(name)}' is not an integer`);
    }
    const seconds = Number(value);
    this.#within(name, value, 'value', seconds, limit);
    return seconds;
  }

  /** @throws Refusal ValidationError that names every broken limit. */
  refuseIfInvalid(): void {
    const count = this.#violations.length;
    if (count === 0) return;
    throw validationError(
      `${String(count)} validation error${count === 1 ? '' : 's'} detected: ${this.#violations.join('; ')}`,
    );
  }

  #within(name: string, value: string, measure: 'length' | 'value', size: number, limit: NumberLimits): void {
    if (size < limit.min)
      this.#violate(name, value, `have ${measure} greater than or equal to ${String(limit.min)}`);
    if (size > limit.max)
      this.#violate(name, value, `have ${measure} less than or equal to ${String(limit.max)}`);
  }

  #violate(name: string, value: string, must: string): void {
    this.#violations.push(
      `Value '${value}' at '${memberName(name)}' failed to satisfy constraint: Member must ${must}`,
    );
  }
}

/** Messages spell a parameter with a small first letter. */
function memberName(parameter: string): string {
  return parameter.charAt(0).toLowerCase() + parameter.slice(1);
}
