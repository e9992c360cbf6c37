import type { Answer, Problem } from '../../preload/contract.ts';

/** How long it is said that a setting was saved. */
const saidMs = 2500;

/** What became of the last change of one setting. */
export class Saving {
  saved = $state(false);
  problem = $state.raw<Problem>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counted, since a change may be made while the one before is carried out. */
  #changes = 0;
  #isShown = true;
  readonly #onunseen: (problem: Problem) => void;

  /** @param onunseen is told why a change was refused whose setting is not shown any more */
  constructor(onunseen: (problem: Problem) => void) {
    this.#onunseen = onunseen;
  }

  /** Carries a change out. False where it was refused; what came of an earlier one than the last is not shown. */
  async run(change: Promise<Answer<unknown>>): Promise<boolean> {
    this.begin();
    const number = ++this.#changes;
    const answer = await change;
    if ('problem' in answer) {
      if (!this.#isShown) this.#onunseen(answer.problem);
      else if (number === this.#changes) this.problem = answer.problem;
      return false;
    }
    if (number === this.#changes && this.#isShown) {
      this.saved = true;
      this.#timer = setTimeout(() => (this.saved = false), saidMs);
    }
    return true;
  }

  /** A new change is made: what is said of the one before is over. */
  begin(): void {
    clearTimeout(this.#timer);
    this.saved = false;
    this.problem = undefined;
  }

  /** The setting is not shown any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#isShown = false;
  }
}
