import type { Call } from './call.ts';
import { credentialsElement } from './call.ts';
import { confirmByMfa } from './mfa-device.ts';
import { limits, ParameterReader } from './parameters.ts';
import type { XmlContent } from './query-protocol.ts';
import { accessDenied } from './refusal.ts';

const defaultSeconds = 43200;

/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 *
 * @throws Refusal
 */
export function getSessionToken({ caller, parameters, nowMs, issue }: Call): XmlContent {
  const reader = new ParameterReader(parameters);
  const durationSeconds = reader.seconds('DurationSeconds', limits.GetSessionTokenDurationSeconds);
  const serialNumber = reader.text('SerialNumber', limits.SerialNumber);
  const tokenCode = reader.text('TokenCode', limits.TokenCode);
  reader.refuseIfInvalid();
  if (caller.kind !== 'user') throw accessDenied('Cannot call GetSessionToken with session credentials');
  const { user } = caller;
  const confirmed = confirmByMfa(user.mfa, { serialNumber, tokenCode }, nowMs);
  const mfaAtMs = confirmed ? nowMs : undefined;
  return [
    credentialsElement(issue({ kind: 'user session', user, mfaAtMs }, durationSeconds ?? defaultSeconds)),
  ];
}
