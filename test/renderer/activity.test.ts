import { describe, expect, test } from 'vitest';
import { mostRecent, type ActivityRecord } from '../../preload/contract.ts';
import { found } from '../../renderer/activity/filter.ts';
import { glyphOf } from '../../renderer/activity/look.ts';
import { minutesBack, ratesOf } from '../../renderer/activity/rates.ts';
import { hoursOf, momentsOf, placeOf, tracksOf, windowAround } from '../../renderer/activity/timeline.ts';
import { withTold } from '../../renderer/broker/activity.ts';
import { apply } from '../../renderer/broker/known.ts';
import { text } from '../../renderer/text.ts';
import { profileView, status } from './views.ts';

const nowMs = Date.UTC(2026, 0, 5, 12);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function program(name: string): ActivityRecord['program'] {
  const parents = [{ pid: 2, name: 'zsh' }];
  return {
    pid: 7,
    name,
    executable: `/usr/bin/${name}`,
    workingFolder: '/src/infra',
    startedAtMs: 0,
    parents,
  };
}

let ids = 0;
function record(changes: Partial<ActivityRecord>): ActivityRecord {
  ids += 1;
  return {
    id: ids,
    atMs: nowMs,
    event: 'served',
    profile: 'sandbox',
    detail: 'active',
    count: 1,
    ...changes,
  };
}

function acquired(profile: string, atMs: number, expiresAtMs: number): ActivityRecord {
  return record({ event: 'sessionAcquired', profile, atMs, expiresAtMs });
}

describe('the records that are known', () => {
  test('grow by what is told, in the order in which they began', () => {
    const [one, two, three] = [record({}), record({}), record({})];
    expect(withTold([two], [three, one])).toEqual([one, two, three]);
  });

  test('count up, and an older answer does not count them down again', () => {
    const before = record({ count: 1 });
    const after = { ...before, count: 5 };
    expect(withTold([before], [after])).toEqual([after]);
    expect(withTold([after], [before])).toEqual([after]);
  });

  test('are no more than the broker keeps, and requests take no session’s place', () => {
    const session = acquired('sandbox', nowMs, nowMs + hourMs);
    const requests = Array.from({ length: mostRecent.requests + 3 }, () => record({}));
    const kept = withTold([session], requests);
    expect(kept).toEqual([session, ...requests.slice(3)]);
    const others = Array.from({ length: mostRecent.others + 3 }, () => record({ event: 'switched' }));
    expect(withTold([], others)).toEqual(others.slice(3));
  });

  test('are told by events, and outlive another state', () => {
    const told = record({});
    const state = { type: 'state' as const, state: { status, profiles: [] } };
    const known = apply(undefined, [state, { type: 'activity', records: [told] }, state]);
    expect(known?.activity).toEqual([told]);
  });
});

describe('the filter', () => {
  const records = [
    record({ program: program('terraform') }),
    record({ event: 'refused', program: program('aws'), detail: 'an MFA code is wanted' }),
    record({ event: 'switched', profile: 'production', detail: undefined }),
  ];
  const names = (query: string, refusedOnly = false) =>
    found(records, { query, refusedOnly }).map(({ event }) => event);

  test('shows the latest first', () => {
    expect(names('')).toEqual(['switched', 'refused', 'served']);
  });

  test.each([
    ['terraform', ['served']],
    ['AWS mfa', ['refused']],
    ['aws terraform', []],
    ['zsh', ['refused', 'served']],
    ['/src/infra', ['refused', 'served']],
    ['switched', ['switched']],
    ['the active profile', ['served']],
  ])('finds what has each word in what is shown of it: %s', (query, events) => {
    expect(names(query)).toEqual(events);
  });

  test('can leave the refused ones only', () => {
    expect(names('', true)).toEqual(['refused']);
  });
});

describe('what is told of a record', () => {
  test.each<[Partial<ActivityRecord>, string | RegExp]>([
    [{ event: 'served', detail: 'folder' }, 'the profile of its folder'],
    [{ event: 'served', detail: 'active, allowed always' }, 'the active profile, allowed always'],
    [{ event: 'refused', detail: 'approvals.allow' }, 'approvals.allow is for a person only'],
    [{ event: 'refused', detail: 'Host must be 127.0.0.1:9254.' }, 'Host must be 127.0.0.1:9254.'],
    [{ event: 'sessionAcquired', detail: 'renewed', expiresAtMs: nowMs }, /^renewed, until \d/],
  ])('%j', (changes, said) => {
    expect(text.activity.detail(record(changes))).toMatch(said);
  });

  test.each([
    ['terraform', 'te'],
    ['aws-cli', 'ac'],
    ['deploy.cjs', 'de'],
    ['Google Chrome Helper', 'GC'],
    ['Ünïcode', 'Ün'],
    ['---', '?'],
    [undefined, '?'],
  ])('the glyph of %s is %s', (name, glyph) => {
    expect(glyphOf(name)).toBe(glyph);
  });
});

describe('the timeline', () => {
  const holding = (name: string, expiresAtMs?: number) =>
    [name, profileView(name, { session: { state: 'active', ...(expiresAtMs && { expiresAtMs }) } })] as const;
  const inOneHour = nowMs + hourMs;

  test('draws a session with its renewals as one bar', () => {
    const records = [
      acquired('sandbox', nowMs - 60 * minuteMs, nowMs),
      acquired('sandbox', nowMs - 30 * minuteMs, nowMs + 30 * minuteMs),
      acquired('sandbox', nowMs - minuteMs, inOneHour),
    ];
    expect(tracksOf(records, new Map([holding('sandbox', inOneHour)]), nowMs)).toEqual([
      {
        profile: 'sandbox',
        spans: [
          {
            startMs: nowMs - 60 * minuteMs,
            endMs: inOneHour,
            renewalsMs: [nowMs - 30 * minuteMs, nowMs - minuteMs],
          },
        ],
      },
    ]);
  });

  test('begins another bar where the session before had ended', () => {
    const records = [
      acquired('sandbox', nowMs - 2 * hourMs, nowMs - hourMs),
      acquired('sandbox', nowMs - minuteMs, inOneHour),
    ];
    const [track] = tracksOf(records, new Map([holding('sandbox', inOneHour)]), nowMs);
    expect(track?.spans.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [nowMs - 2 * hourMs, nowMs - hourMs],
      [nowMs - minuteMs, inOneHour],
    ]);
  });

  test('ends every bar where Latchkey was locked', () => {
    const lockedAtMs = nowMs - 10 * minuteMs;
    const records = [
      acquired('sandbox', nowMs - 20 * minuteMs, inOneHour),
      record({ event: 'locked', profile: undefined, atMs: lockedAtMs }),
    ];
    const [track] = tracksOf(records, new Map([holding('sandbox')]), nowMs);
    expect(track?.spans).toMatchObject([{ endMs: lockedAtMs }]);
  });

  test('promises nothing of a session that is not held any more, nor of a profile that is gone', () => {
    const records = [
      acquired('dropped', nowMs - minuteMs, inOneHour),
      acquired('removed', nowMs - minuteMs, inOneHour),
    ];
    const tracks = tracksOf(records, new Map([holding('dropped')]), nowMs);
    expect(tracks.map(({ profile, spans }) => [profile, spans.at(-1)?.endMs])).toEqual([
      ['dropped', nowMs],
      ['removed', nowMs],
    ]);
  });

  test('shows a session that is older than the records', () => {
    const tracks = tracksOf([], new Map([holding('sandbox', inOneHour)]), nowMs);
    expect(tracks).toEqual([
      { profile: 'sandbox', spans: [{ startMs: undefined, endMs: inOneHour, renewalsMs: [] }] },
    ]);
  });

  test('has those that are good now first, and none that ended long ago', () => {
    const records = [
      acquired('a-ended', nowMs - 2 * hourMs, nowMs - hourMs),
      acquired('long-ago', nowMs - 9 * hourMs, nowMs - 8 * hourMs),
      acquired('z-good', nowMs - minuteMs, inOneHour),
    ];
    const profiles = new Map([holding('a-ended'), holding('long-ago'), holding('z-good', inOneHour)]);
    expect(tracksOf(records, profiles, nowMs).map(({ profile }) => profile)).toEqual(['z-good', 'a-ended']);
  });

  test('reaches as many hours ahead as the sessions do, one at least and twelve at most', () => {
    const hoursAhead = (endMs: number) => {
      const tracks = [{ profile: 'p', spans: [{ startMs: nowMs, endMs, renewalsMs: [] }] }];
      return (windowAround(tracks, nowMs).toMs - nowMs) / hourMs;
    };
    expect([15 * minuteMs, 90 * minuteMs, 36 * hourMs].map((ms) => hoursAhead(nowMs + ms))).toEqual([
      1, 2, 12,
    ]);
    expect((windowAround([], nowMs).toMs - nowMs) / hourMs).toBe(1);
  });

  test('places what is outside at its edge', () => {
    const window = { fromMs: 0, toMs: 100 };
    expect([-5, 0, 25, 500].map((ms) => placeOf(window, ms))).toEqual([0, 0, 0.25, 1]);
  });

  test('names full hours, a few of them, none at the very edge', () => {
    for (const ahead of [1, 12]) {
      const window = { fromMs: nowMs - 3 * hourMs + 1, toMs: nowMs + ahead * hourMs };
      const hours = hoursOf(window);
      expect(hours.length).toBeGreaterThan(2);
      expect(hours.length).toBeLessThan(7);
      for (const ms of hours) {
        expect(new Date(ms).getMinutes()).toBe(0);
        expect(placeOf(window, ms)).toBeGreaterThan(0.05);
        expect(placeOf(window, ms)).toBeLessThan(0.95);
      }
    }
  });

  test('marks the codes and locks that are within it', () => {
    const mfa = record({ event: 'mfa', atMs: nowMs - minuteMs });
    const old = record({ event: 'mfa', atMs: nowMs - 9 * hourMs });
    const lock = record({ event: 'locked', atMs: nowMs });
    expect(momentsOf([old, mfa, record({}), lock], windowAround([], nowMs))).toEqual([mfa, lock]);
  });
});

describe('requests a minute', () => {
  test('are counted for each program, refused ones too, the most first', () => {
    const records = [
      record({ program: program('aws'), count: 2 }),
      record({ program: program('aws'), event: 'refused', atMs: nowMs - minuteMs }),
      record({ program: program('terraform'), count: 40 }),
      record({ event: 'switched' }),
    ];
    const rates = ratesOf(records, nowMs);
    expect(rates.map(({ program: name, total, peak }) => [name, total, peak])).toEqual([
      ['terraform', 40, 40],
      ['aws', 3, 2],
    ]);
    expect(rates[1]?.minutes).toHaveLength(minutesBack);
    expect(rates[1]?.minutes.slice(-2)).toEqual([1, 2]);
  });

  test('leave out what is older than the half hour', () => {
    const aged = (minutes: number) => record({ program: program('aws'), atMs: nowMs - minutes * minuteMs });
    expect(ratesOf([aged(minutesBack)], nowMs)).toEqual([]);
    expect(ratesOf([aged(minutesBack - 1)], nowMs)[0]?.minutes[0]).toBe(1);
  });
});
