/** How a person allows a program to have credentials: this program once, all in its process tree, this program for 8 h, or always. */
export type Allowance = 'once' | 'tree' | 'hours' | 'always';

/** What lets a program have a profile's credentials. */
export interface Grant {
  readonly allowance: Allowance;
  /** Whether it still holds: not revoked, its time not over, its process tree still there. At once, in microseconds. */
  isValid(): boolean;
  /** Notes that credentials were handed out by it: uses up a `once`. */
  use(): void;
}

/** What a person has allowed, and has not taken back. */
export interface ApprovalInForce {
  readonly id: string;
  readonly profile: string;
  readonly allowance: Allowance;
  /** The program, or the process tree, in words. */
  readonly program: string;
  readonly sinceMs: number;
  /** null: as long as its process tree, or until it is revoked. */
  readonly untilMs: number | null;
}
