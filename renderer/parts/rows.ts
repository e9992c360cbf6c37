/**
 * The geometry of a long list of which only what can be seen is drawn. Rows are equally high, but one may be open, and some
 * have a heading above them. Pure; all in CSS pixels.
 */
export interface Rows {
  readonly count: number;
  readonly rowHeight: number;
  /** The row with details below it, -1 for none, and how high those are. */
  readonly openIndex: number;
  readonly openHeight: number;
  /** The rows with a heading above them, from the first one on, and how high each heading is. */
  readonly headed: readonly number[];
  readonly headingHeight: number;
}

const isOpen = ({ openIndex, count }: Rows) => openIndex >= 0 && openIndex < count;

/** Where row `index` begins, with its heading where it has one. */
export function topOf(rows: Rows, index: number): number {
  const { rowHeight, headed, headingHeight, openIndex, openHeight } = rows;
  const headings = firstWhere(headed.length, (at) => (headed[at] ?? 0) >= index);
  const details = isOpen(rows) && index > openIndex ? openHeight : 0;
  return index * rowHeight + headings * headingHeight + details;
}

export function totalHeight(rows: Rows): number {
  return topOf(rows, rows.count);
}

/** The row at `y`, with its heading and details; the first or last one beyond the list's ends. */
function indexAt(rows: Rows, y: number): number {
  return Math.max(0, firstWhere(rows.count, (index) => topOf(rows, index) > y) - 1);
}

/** The rows from `first` up to but not including `end` that are to be drawn, with a few beyond either edge. */
export function visibleRows(
  rows: Rows,
  scrollTop: number,
  viewportHeight: number,
  beyond = 6,
): { first: number; end: number } {
  const first = Math.max(0, indexAt(rows, scrollTop) - beyond);
  const end = Math.min(rows.count, indexAt(rows, scrollTop + viewportHeight) + 1 + beyond);
  return { first: Math.min(first, end), end };
}

/**
 * By which element each of the drawn rows is shown, by their keys in their order. A row keeps its element as long as it is
 * drawn. One that is new gets the element of one that is drawn no more where `isReused`, which is sooner filled than one is
 * made; but `told`, the row that a screen reader is led to, gets its own: it is not told of an element it has been led to.
 */
export function elementsOf(
  keys: readonly string[],
  before: ReadonlyMap<string, symbol>,
  isReused: boolean,
  told?: string,
): ReadonlyMap<string, symbol> {
  const drawn = new Set(keys);
  const free = isReused ? [...before].filter(([key]) => !drawn.has(key)).map(([, element]) => element) : [];
  return new Map(
    keys.map((key) => {
      const kept = before.get(key);
      const freed = kept === undefined && key !== told ? free.shift() : undefined;
      return [key, kept ?? freed ?? Symbol()];
    }),
  );
}

/** The scroll position that shows the whole of row `index`, moving as little as can be. */
export function scrollTopToShow(
  rows: Rows,
  index: number,
  scrollTop: number,
  viewportHeight: number,
): number {
  const top = topOf(rows, index);
  const height = topOf(rows, index + 1) - top;
  if (top < scrollTop || height > viewportHeight) return top;
  return Math.max(scrollTop, top + height - viewportHeight);
}

/** The first of `count` numbers from 0 for which `holds`, which holds for all that come after it; `count` where for none. */
function firstWhere(count: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
