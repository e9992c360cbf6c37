import { randomBytes } from 'node:crypto';
import type { ConfigurationStore } from '../configuration/store.ts';
import type { Clock } from '../platform/ports.ts';
import type { Approval, ProgramIdentity } from '../clients/access.ts';
import { deadlineIn, type Deadline } from './deadline.ts';
import type { ApprovalInForce, Grant } from './grant.ts';
import { identityKey } from './program-identity.ts';
import { identityInWords } from './program-words.ts';

/** How long `hours` lasts. */
const hoursMs = 8 * 3_600_000;

/** The approvals that outlive Latchkey's end, in config.json: of programs that are known again, for 8 h or always. */
export class RememberedApprovals {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  /** By ID: the end of those that have one. The clock that does not go back tells it within one run only. */
  readonly #deadlines = new Map<string, Deadline>();
  /** What was revoked, also where config.json could not be written. */
  readonly #revoked = new Set<string>();

  constructor(clock: Clock, configuration: ConfigurationStore) {
    this.#clock = clock;
    this.#configuration = configuration;
    for (const approval of configuration.current.approvals) this.#noteDeadline(approval);
  }

  list(): ApprovalInForce[] {
    return this.#configuration.current.approvals
      .filter((approval) => this.#holds(approval))
      .map(({ id, profile, program, allowedAtMs, untilMs }) => ({
        id,
        profile,
        allowance: allowanceOf({ untilMs }),
        program: identityInWords(program),
        sinceMs: allowedAtMs,
        untilMs,
      }));
  }

  /** By an approval of this program. */
  grantFor(profile: string, program: ProgramIdentity): Grant | undefined {
    const key = identityKey(program);
    const approval = this.#configuration.current.approvals.find(
      (other) => other.profile === profile && identityKey(other.program) === key && this.#holds(other),
    );
    return approval && this.#grant(approval);
  }

  /**
   * Writes an approval down, in the place of an older one of the same program.
   * @param check throws where it is not wanted any more; called once nothing else is being written
   */
  async add(
    profile: string,
    program: ProgramIdentity,
    allowance: 'hours' | 'always',
    check: () => void,
  ): Promise<Grant> {
    const allowedAtMs = this.#clock.now();
    const untilMs = allowance === 'hours' ? allowedAtMs + hoursMs : null;
    const approval = { id: newId(), profile, program, allowedAtMs, untilMs };
    this.#noteDeadline(approval);
    const key = identityKey(program);
    await this.#configuration.update((configuration) => {
      check();
      const others = configuration.approvals.filter(
        (other) => other.profile !== profile || identityKey(other.program) !== key,
      );
      return { ...configuration, approvals: [...others, approval] };
    });
    return this.#grant(approval);
  }

  /** Ends an approval at once, and then writes that down. */
  async revoke(id: string): Promise<void> {
    this.#revoked.add(id);
    await this.#keepOnly((approval) => approval.id !== id);
    this.#revoked.delete(id);
  }

  /** Takes out of config.json what is over. */
  async dropThoseOver(): Promise<void> {
    if (this.#configuration.current.approvals.every((approval) => this.#holds(approval))) return;
    await this.#keepOnly((approval) => this.#holds(approval));
  }

  async #keepOnly(isKept: (approval: Approval) => boolean): Promise<void> {
    await this.#configuration.update((configuration) => ({
      ...configuration,
      approvals: configuration.approvals.filter(isKept),
    }));
  }

  #grant(approval: Approval): Grant {
    const { id } = approval;
    return {
      allowance: allowanceOf(approval),
      isValid: () =>
        this.#configuration.current.approvals.some((other) => other.id === id) && this.#holds(approval),
      use: () => undefined,
    };
  }

  #holds({ id, untilMs }: Approval): boolean {
    if (this.#revoked.has(id)) return false;
    return untilMs === null || this.#deadlines.get(id)?.isOver() === false;
  }

  /** A wall clock that was set back while Latchkey did not run makes it 8 h at most. */
  #noteDeadline({ id, untilMs }: Approval): void {
    if (untilMs === null) return;
    this.#deadlines.set(id, deadlineIn(this.#clock, Math.min(hoursMs, untilMs - this.#clock.now())));
  }
}

function allowanceOf({ untilMs }: Pick<Approval, 'untilMs'>): 'hours' | 'always' {
  return untilMs === null ? 'always' : 'hours';
}

export function newId(): string {
  return randomBytes(12).toString('base64url');
}
