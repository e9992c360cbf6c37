/** The geometry of a long list of which only what can be seen is drawn. Rows are equally high, but one may be open. Pure; all in CSS pixels. */
export interface Rows {
  readonly count: number;
  readonly rowHeight: number;
  /** The row with details below it, -1 for none, and how high those are. */
  readonly openIndex: number;
  readonly openHeight: number;
}

const isOpen = ({ openIndex, count }: Rows) => openIndex >= 0 && openIndex < count;

/** Where row `index` begins. */
export function topOf(rows: Rows, index: number): number {
  return index * rows.rowHeight + (isOpen(rows) && index > rows.openIndex ? rows.openHeight : 0);
}

export function totalHeight(rows: Rows): number {
  return topOf(rows, rows.count);
}

/** The row at `y`, with its details where it is the open one. */
function indexAt(rows: Rows, y: number): number {
  const { rowHeight, openIndex, openHeight } = rows;
  if (!isOpen(rows) || y < topOf(rows, openIndex) + rowHeight) return Math.floor(y / rowHeight);
  return Math.max(openIndex, Math.floor((y - openHeight) / rowHeight));
}

/** The rows from `first` up to but not including `end` that are to be drawn, with a few beyond either edge. */
export function visibleRows(
  rows: Rows,
  scrollTop: number,
  viewportHeight: number,
  beyond = 6,
): { first: number; end: number } {
  const first = Math.max(0, Math.min(indexAt(rows, scrollTop) - beyond, rows.count));
  const end = Math.min(rows.count, indexAt(rows, scrollTop + viewportHeight) + 1 + beyond);
  return { first, end: Math.max(first, end) };
}

/** The scroll position that shows the whole of row `index`, moving as little as can be. */
export function scrollTopToShow(
  rows: Rows,
  index: number,
  scrollTop: number,
  viewportHeight: number,
): number {
  const top = topOf(rows, index);
  const height = rows.rowHeight + (index === rows.openIndex ? rows.openHeight : 0);
  if (top < scrollTop || height > viewportHeight) return top;
  return Math.max(scrollTop, top + height - viewportHeight);
}
