/** Durations as people type them. Pure. */

const units = { h: 3600, min: 60, s: 1 } as const;

const written =
  /^(?:(\d+(?:\.\d+)?) ?(?:h|hrs?|hours?))? ?(?:(\d+(?:\.\d+)?) ?(?:m|mins?|minutes?))? ?(?:(\d+) ?(?:s|secs?|seconds?))?$/;

/**
 * Seconds of a duration such as "1h", "1 h 30 min", "90 minutes" or, as AWS's own settings have it, a bare
 * number of seconds. NaN for anything else, which no schema lets through.
 */
export function parseDuration(text: string): number {
  const tidy = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (tidy === '') return Number.NaN;
  if (/^\d+$/.test(tidy)) return Number(tidy);
  const parts = written.exec(tidy);
  if (!parts) return Number.NaN;
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return Number(hours) * units.h + Number(minutes) * units.min + Number(seconds) * units.s;
}

/** The shortest text that {@link parseDuration} reads as `seconds`: "12 h", "1 h 30 min". */
export function writeDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, length] of Object.entries(units)) {
    const amount = Math.floor(rest / length);
    if (amount > 0) parts.push(`${amount} ${unit}`);
    rest -= amount * length;
  }
  return parts.join(' ') || '0 s';
}
