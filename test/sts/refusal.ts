/** What STS answers when it does not do what it was asked, in AWS's own codes and words. */

/** An error answer of the Query protocol. `Sender` is at fault below status 500, `Receiver` from there on. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html: `AccessDenied`. */
export function accessDenied(message: string): Refusal {
  return new Refusal(403, 'AccessDenied', message);
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html: `ValidationError`. */
export function validationError(message: string): Refusal {
  return new Refusal(400, 'ValidationError', message);
}

/** The signature, its date or its scope is wrong; STS says so with 403, where JSON services say 400. */
export function signatureDoesNotMatch(message: string): Refusal {
  return new Refusal(403, 'SignatureDoesNotMatch', message);
}

/** The Authorization header or one that belongs to it is malformed. */
export function incompleteSignature(message: string): Refusal {
  return new Refusal(400, 'IncompleteSignature', message);
}

/** Key or session token that STS does not know. It does not say which of the two. */
export function invalidClientTokenId(): Refusal {
  return new Refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
}

/**
 * The caller's session is over. STS sends the code `ExpiredToken` with 403 here; the `ExpiredTokenException`
 * with 400 of its service model is for web identity tokens (aws/aws-sdk-java-v2#1649).
 */
export function expiredToken(): Refusal {
  return new Refusal(403, 'ExpiredToken', 'The security token included in the request is expired');
}

/** The caller may not assume this role, or it does not exist: STS does not tell these apart. */
export function mayNotAssume(callerArn: string, roleArn: string, reason = ''): Refusal {
  const because = reason === '' ? '' : ` because ${reason}`;
  return accessDenied(
    `User: ${callerArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}${because}`,
  );
}
