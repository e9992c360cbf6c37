/** Times and what is left of them, in words and figures. Pure. */

/** The language of the text catalogue; clock times follow the person's own locale. */
const language = 'en';

const secondsIn = { hour: 3600, minute: 60, second: 1 } as const;
type Unit = keyof typeof secondsIn;

const narrow = unitFormats('narrow');
const long = unitFormats('long');

function unitFormats(unitDisplay: 'narrow' | 'long'): Record<Unit, Intl.NumberFormat> {
  const format = (unit: Unit) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay });
  return { hour: format('hour'), minute: format('minute'), second: format('second') };
}

/** Hours and minutes, or below a minute seconds; rounded down, so that no more is promised than there is. */
function inUnits(seconds: number, formats: Record<Unit, Intl.NumberFormat>): string {
  const hours = Math.floor(seconds / secondsIn.hour);
  const minutes = Math.floor((seconds % secondsIn.hour) / secondsIn.minute);
  if (hours === 0 && minutes === 0) return formats.second.format(Math.floor(seconds));
  const parts: string[] = [];
  if (hours > 0) parts.push(formats.hour.format(hours));
  if (minutes > 0) parts.push(formats.minute.format(minutes));
  return parts.join(' ');
}

/** Whole seconds from `nowMs` to `untilMs`, never below 0. */
export function secondsLeft(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((untilMs - nowMs) / 1000));
}

/** For a glance: "3h 12m", "52m", "45s". */
export function shortDuration(seconds: number): string {
  return inUnits(seconds, narrow);
}

/** For sentences and screen readers: "3 hours 12 minutes". */
export function longDuration(seconds: number): string {
  return inUnits(seconds, long);
}

/** A running countdown: "52:09", "1:02:05". */
export function countdown(seconds: number): string {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const pad = (amount: number) => String(amount).padStart(2, '0');
  const minutes = Math.floor((whole % 3600) / 60);
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : String(minutes)}:${pad(whole % 60)}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const exactClock = new Intl.DateTimeFormat(undefined, {
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
});
const dayOfYear = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', year: 'numeric' });

/** Hour and minute, as the person's locale writes them. */
export function clockTime(ms: number): string {
  return inOnePiece(clock.format(ms));
}

/** Hour, minute and second. */
export function exactTime(ms: number): string {
  return inOnePiece(exactClock.format(ms));
}

/** No line ends before the "PM" of a time. */
function inOnePiece(time: string): string {
  return time.replace(/\s/g, '\u00a0');
}

/** Day and clock time, for what may be of another day. */
export function moment(ms: number): string {
  return `${dayOfYear.format(ms)}, ${clockTime(ms)}`;
}

export function date(ms: number): string {
  return day.format(ms);
}
