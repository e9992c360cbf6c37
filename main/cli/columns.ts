/** A list, as a terminal shows it. */

/** Rows whose fields stand below each other. What steers a terminal counts as no width. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, field] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(field));
  return rows.map((row) =>
    row
      .map((field, index) => field + ' '.repeat((widths[index] ?? 0) - widthOf(field)))
      .join('  ')
      .trimEnd(),
  );
}

/** Colours (ECMA-48: SGR) take no place. */
function widthOf(field: string): number {
  // eslint-disable-next-line no-control-regex -- it is what begins a colour
  return field.replaceAll(/\u001b\[[\d;]*m/g, '').length;
}
