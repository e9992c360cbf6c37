/** Why something was not done. The code is for programs, the message for the person. */
export type FailureCode =
  | 'InvalidInput'
  | 'NotFound'
  | 'AlreadyExists'
  | 'InUse'
  | 'ConfigUnreadable'
  | 'KeychainUnavailable'
  | 'KeychainLocked'
  | 'KeyMissing'
  | 'PortTaken'
  | 'AlreadyRunning'
  | 'NotRunning'
  | 'Locked'
  | 'MfaRequired'
  | 'MfaRejected'
  | 'Refused'
  | 'ApprovalNeeded'
  | 'ChallengeNeeded'
  | 'Unreachable'
  | 'Throttled'
  | 'Internal';

export interface FailureDetails {
  /** The input field that is wrong, as the contract spells it. */
  readonly field?: string | undefined;
  /** AWS's own error code and request ID, where AWS refused. */
  readonly awsCode?: string | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** An error meant for the person: its message says what is wrong and what would be right, and holds no secret. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly field: string | undefined;
  readonly awsCode: string | undefined;
  readonly requestId: string | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'Failure';
    this.code = code;
    this.field = details.field;
    this.awsCode = details.awsCode;
    this.requestId = details.requestId;
  }
}

/** For the `default` of a switch over a union: a new member becomes a compile error here. */
export function unreachable(value: never): never {
  throw new Failure('Internal', `unexpected value ${String(value)}`);
}
