import { Failure, type FailureDetails } from '../failure.ts';
import type { Secret } from '../secret.ts';

/** The parts of an SDK error that are read here; anything can be thrown, so each is looked at before use. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly fault: string | undefined;
  readonly requestId: string | undefined;
}

const throttlingCodes = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'RequestThrottled',
]);

/**
 * Translates what the SDK threw into a `Failure`: `MfaRejected`, `Throttled`, `Refused` (STS answered no) or
 * `Unreachable` (STS did not answer, or not as STS).
 * @param secrets what the request was signed with: where the answer repeats it, the message does not
 * AWS's codes: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
export function toFailure(error: unknown, secrets: readonly Secret[] = []): Failure {
  if (error instanceof Failure) return error;
  const { name, fault, requestId, ...said } = read(error);
  const message = printable(said.message, secrets);
  const details: FailureDetails = { awsCode: name, requestId };
  if (throttlingCodes.has(name)) return new Failure('Throttled', 'STS asks to slow down', details);
  if (fault === 'client') {
    if (message.startsWith('MultiFactorAuthentication failed')) {
      return new Failure('MfaRejected', mfaReason(message), details);
    }
    // For a wrong signature AWS repeats the request it expected, security token included: never pass that on.
    const reason =
      name === 'SignatureDoesNotMatch'
        ? 'the secret access key does not belong to this access key ID'
        : message;
    return new Failure('Refused', `STS refused (${name}): ${reason}`, details);
  }
  if (fault === 'server') return new Failure('Unreachable', `STS has a fault of its own (${name})`, details);
  return new Failure('Unreachable', `STS cannot be reached (${networkReason(error, name)})`);
}

const longestMessage = 500;

/** AWS's message as it can be shown and written down. */
function printable(message: string, secrets: readonly Secret[]): string {
  const clean = secrets.reduce((text, secret) => text.replaceAll(secret.reveal(), '[secret]'), message);
  return clean.length > longestMessage ? `${clean.slice(0, longestMessage)}…` : clean;
}

function mfaReason(message: string): string {
  return message.includes('unable to validate')
    ? 'STS could not validate the code: the MFA serial may be wrong, or not this user’s device'
    : 'STS did not accept the code: it is wrong or has been used before';
}

function read(error: unknown): SdkError {
  const fields = typeof error === 'object' && error !== null ? error : {};
  const metadata =
    '$metadata' in fields && typeof fields.$metadata === 'object' ? fields.$metadata : undefined;
  return {
    name: 'name' in fields && typeof fields.name === 'string' ? fields.name : 'Error',
    message: 'message' in fields && typeof fields.message === 'string' ? fields.message : '',
    fault: '$fault' in fields && typeof fields.$fault === 'string' ? fields.$fault : undefined,
    requestId:
      metadata && 'requestId' in metadata && typeof metadata.requestId === 'string'
        ? metadata.requestId
        : undefined,
  };
}

/** The system's code (ENOTFOUND, ECONNREFUSED…): the message may hold more than a person needs. */
function networkReason(error: unknown, name: string): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return 'hostname' in error && typeof error.hostname === 'string'
      ? `${error.code} ${error.hostname}`
      : error.code;
  }
  return name;
}
