/** No program's group may have more than this part of what there is for all. */
const shareOfOne = 4;

/** Counts who holds how much of what there is only so much of, so that no one takes it all. */
export class Shares {
  readonly #most: number;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes a place, which disposing the result gives back; undefined where there is none for it.
   * @param group who takes it, and may have a quarter; undefined for the only one there is
   */
  take(group: string | undefined): Disposable | undefined {
    const held = group === undefined ? 0 : (this.#held.get(group) ?? 0);
    if (this.#all >= this.#most || held >= this.#most / shareOfOne) return undefined;
    this.#add(group, 1);
    return {
      [Symbol.dispose]: () => {
        this.#add(group, -1);
      },
    };
  }

  #add(group: string | undefined, count: number): void {
    this.#all += count;
    if (group === undefined) return;
    const held = (this.#held.get(group) ?? 0) + count;
    if (held > 0) this.#held.set(group, held);
    else this.#held.delete(group);
  }
}
