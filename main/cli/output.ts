/** What commands write: results on standard output, everything else on standard error. */
import { styleText } from 'node:util';

/** Writes a line of a command's result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Says something to the person that is no result: a question's outcome, an error. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** The text in a colour where standard output is a terminal and NO_COLOR (https://no-color.org) is not set. */
export function styled(style: Style, text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
    ? styleText(style, text)
    : text;
}

/** A text from elsewhere on one line, without what would steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** A length of time as a person says it: `52 min`, `1 h 5 min`. */
export function inWords(durationMs: number): string {
  const minutes = Math.floor(durationMs / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.floor(durationMs / 1000))} s`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return `${minutes} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** A time of day, by this machine's clock and zone: `14:05`, with the date where it is not today. */
export function clockTime(timeMs: number): string {
  const time = new Date(timeMs);
  const pad = (part: number) => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  return time.toDateString() === new Date().toDateString() ? clock : `${day} ${clock}`;
}

/** A time as scripts read it, ISO 8601. */
export function isoTime(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
