/** Which sessions there were, when, and until when they are good: what the timeline draws. Pure. */
import type { ActivityRecord, ProfileView } from '../../preload/contract.ts';

/** A time in which a profile had a session, across its renewals. */
export interface Span {
  /** Undefined where it began before the records do. */
  readonly startMs: number | undefined;
  readonly endMs: number;
  readonly renewalsMs: readonly number[];
}

export interface Track {
  readonly profile: string;
  /** The earliest first. */
  readonly spans: readonly Span[];
}

const hourMs = 3_600_000;
const hoursBack = 3;
const mostHoursAhead = 12;

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The last hours, and as many of the next ones as the sessions reach into: at least one, at most twelve. */
export function windowAround(tracks: readonly Track[], nowMs: number): TimeWindow {
  const lastEndMs = Math.max(nowMs, ...tracks.flatMap(({ spans }) => spans.map(({ endMs }) => endMs)));
  const hoursAhead = Math.ceil((lastEndMs - nowMs) / hourMs);
  return {
    fromMs: nowMs - hoursBack * hourMs,
    toMs: nowMs + Math.min(mostHoursAhead, Math.max(1, hoursAhead)) * hourMs,
  };
}

/** Where a time is in the window, from 0 to 1. */
export function placeOf({ fromMs, toMs }: TimeWindow, ms: number): number {
  return Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)));
}

/** The full hours that the window's axis names: every one, or every second or third where there are many. */
export function hoursOf({ fromMs, toMs }: TimeWindow): number[] {
  const stepHours = Math.ceil((toMs - fromMs) / hourMs / 6);
  /** Half of what a name takes of the axis, so that none hangs over its ends. */
  const labelRoomMs = (toMs - fromMs) / 14;
  const first = new Date(fromMs);
  first.setMinutes(60, 0, 0);
  const hours: number[] = [];
  for (let ms = first.getTime(); ms < toMs - labelRoomMs; ms += stepHours * hourMs)
    if (ms > fromMs + labelRoomMs) hours.push(ms);
  return hours;
}

/**
 * The profiles that have or had a session in the last hours, those that have one now first, then by name.
 * @param records in the order in which they began
 * @param profiles as they stand now
 */
export function tracksOf(
  records: readonly ActivityRecord[],
  profiles: ReadonlyMap<string, ProfileView>,
  nowMs: number,
): Track[] {
  const spans = new Map<string, Span[]>();
  for (const record of records) {
    // A lock drops every session.
    if (record.event === 'locked') for (const ofOne of spans.values()) cutLast(ofOne, record.atMs);
    const { profile, expiresAtMs } = record;
    if (record.event !== 'sessionAcquired' || profile === undefined || expiresAtMs === undefined) continue;
    const ofProfile = spans.get(profile) ?? [];
    spans.set(profile, ofProfile);
    extend(ofProfile, record.atMs, expiresAtMs);
  }
  for (const [name, { session }] of profiles) matchWithNow(spans, name, session.expiresAtMs, nowMs);
  // A profile that was removed has none.
  for (const [name, ofOne] of spans) if (!profiles.has(name)) cutLast(ofOne, nowMs);
  return [...spans]
    .map(([profile, ofOne]) => ({
      profile,
      spans: ofOne.filter(({ endMs }) => endMs > nowMs - hoursBack * hourMs),
    }))
    .filter((track) => track.spans.length > 0)
    .sort((one, other) => rank(one, nowMs) - rank(other, nowMs) || one.profile.localeCompare(other.profile));
}

/** The session that was acquired goes on where another still was good: then it is a renewal. */
function extend(spans: Span[], atMs: number, expiresAtMs: number): void {
  const last = spans.at(-1);
  if (last === undefined || last.endMs < atMs)
    spans.push({ startMs: atMs, endMs: expiresAtMs, renewalsMs: [] });
  else
    spans[spans.length - 1] = {
      ...last,
      endMs: Math.max(last.endMs, expiresAtMs),
      renewalsMs: [...last.renewalsMs, atMs],
    };
}

/** What the records do not tell: a session that was dropped before its end, and one from before they begin. */
function matchWithNow(
  spans: Map<string, Span[]>,
  profile: string,
  expiresAtMs: number | undefined,
  nowMs: number,
): void {
  const ofProfile = spans.get(profile) ?? [];
  const last = ofProfile.at(-1);
  if (expiresAtMs === undefined) cutLast(ofProfile, nowMs);
  else if (expiresAtMs > nowMs && (last === undefined || last.endMs <= nowMs))
    spans.set(profile, [...ofProfile, { startMs: undefined, endMs: expiresAtMs, renewalsMs: [] }]);
}

function cutLast(spans: Span[], atMs: number): void {
  const last = spans.at(-1);
  if (last !== undefined && last.endMs > atMs) spans[spans.length - 1] = { ...last, endMs: atMs };
}

function rank({ spans }: Track, nowMs: number): number {
  return (spans.at(-1)?.endMs ?? 0) > nowMs ? 0 : 1;
}

/** The MFA codes and locks within the window. */
export function momentsOf(records: readonly ActivityRecord[], { fromMs }: TimeWindow): ActivityRecord[] {
  return records.filter(({ event, atMs }) => (event === 'mfa' || event === 'locked') && atMs >= fromMs);
}
