import type { Client, Clock, Process, ProcessIdentity } from '../platform/ports.ts';
import { askerInWords, type Asker } from './asker.ts';
import { deadlineIn, type Deadline } from './deadline.ts';
import type { ApprovalInForce, Grant } from './grant.ts';
import { isInTreeOf } from './process-tree.ts';
import { treeInWords } from './program-words.ts';
import { newId } from './remembered-approvals.ts';

/** How long `once` waits for its program: most SDKs do not ask again, and a person starts the program anew. */
const onceMs = 5 * 60_000;

interface TreeApproval {
  readonly id: string;
  readonly profile: string;
  readonly root: Process;
  readonly sinceMs: number;
  /** There where it is for one program and one time alone. */
  readonly once?: { readonly asker: Asker; readonly deadline: Deadline };
  /** There where it was passed on, and ends with what it came from. */
  readonly from?: Grant | undefined;
}

/** The approvals that end with a process tree: of all that runs in it, or of one program in it for once. In memory only. */
export class TreeApprovals {
  readonly #clock: Clock;
  readonly #isRunning: (process: ProcessIdentity) => boolean;
  readonly #usedUp: () => void;
  readonly #approvals = new Map<string, TreeApproval>();

  /** @param usedUp called when one that was for once is used up */
  constructor(clock: Clock, isRunning: (process: ProcessIdentity) => boolean, usedUp: () => void) {
    this.#clock = clock;
    this.#isRunning = isRunning;
    this.#usedUp = usedUp;
  }

  add(asker: Asker, allowance: 'once' | 'tree'): Grant {
    const { profile, root, origin } = asker;
    const approval = { id: newId(), profile, sinceMs: this.#clock.now() };
    if (allowance === 'tree') return this.#keep({ ...approval, root });
    const once = { asker, deadline: deadlineIn(this.#clock, onceMs) };
    return this.#keep({ ...approval, root: origin, once });
  }

  /** Approves all that a launcher starts, as long as `from` holds, if that is given. Gives the approval's ID. */
  addOfLauncher(profile: string, launcher: Process, from: Grant | undefined): string {
    const approval = { id: newId(), profile, root: launcher, sinceMs: this.#clock.now(), from };
    this.#approvals.set(approval.id, approval);
    return approval.id;
  }

  /** By an approval of a process tree that this program runs in. */
  grantForTree(client: Client, profile: string): Grant | undefined {
    for (const approval of this.#approvals.values()) {
      if (approval.once || approval.profile !== profile) continue;
      if (isInTreeOf(approval.root, client) && this.#holds(approval)) return this.#grant(approval);
    }
    return undefined;
  }

  /** By an approval of this program for once. */
  grantForOnce({ key }: Asker): Grant | undefined {
    for (const approval of this.#approvals.values()) {
      if (approval.once?.asker.key === key && this.#holds(approval)) return this.#grant(approval);
    }
    return undefined;
  }

  list(): ApprovalInForce[] {
    return [...this.#approvals.values()]
      .filter((approval) => this.#holds(approval))
      .map(({ id, profile, root, sinceMs, once }) => ({
        id,
        profile,
        allowance: once ? 'once' : 'tree',
        program: once ? askerInWords(once.asker) : treeInWords(root),
        sinceMs,
        untilMs: once?.deadline.atMs ?? null,
      }));
  }

  /** Ends those for which `isOver` is true, or that are over by themselves; whether there was one. */
  end(
    isOver: (approval: { readonly id: string; readonly profile: string }) => boolean = () => false,
  ): boolean {
    const before = this.#approvals.size;
    for (const approval of this.#approvals.values()) {
      if (isOver(approval) || !this.#holds(approval)) this.#approvals.delete(approval.id);
    }
    return this.#approvals.size !== before;
  }

  #keep(approval: TreeApproval): Grant {
    this.#approvals.set(approval.id, approval);
    return this.#grant(approval);
  }

  #grant(approval: TreeApproval): Grant {
    return {
      allowance: approval.once ? 'once' : 'tree',
      isValid: () => this.#holds(approval),
      use: () => {
        if (approval.once && this.#approvals.delete(approval.id)) this.#usedUp();
      },
    };
  }

  #holds({ id, root, once, from }: TreeApproval): boolean {
    if (once?.deadline.isOver() === true || from?.isValid() === false) return false;
    return this.#approvals.has(id) && this.#isRunning(root);
  }
}
