/** The simulated week of several seeds as a table. */
import { liveWeek, type WeekFigures, type WeekKind } from '../sessions/week.ts';

/** Each column's heading and what is in it; the last line has the sums, and the greatest number of prompts. */
const columns: readonly (readonly [string, (weeks: readonly WeekFigures[]) => number | string])[] = [
  ['reads served', sum(({ reads }) => reads.served)],
  ['failed', sum(({ reads }) => reads.failed)],
  ['waiting for a code', sum(({ reads }) => reads.waitingForCode)],
  ['out of reach', sum(({ reads }) => reads.outOfReach)],
  [
    'prompts, most a day',
    (weeks) =>
      `${sum(({ prompts }) => prompts.opened)(weeks)}, ${Math.max(...weeks.map(({ prompts }) => prompts.mostInADay))}`,
  ],
  ['oracle', sum(({ sessions }) => sessions.planned)],
  ['no plan below', sum(({ sessions }) => sessions.bound)],
  ['sessions, of oracle', ratio(({ sessions }) => sessions.issued)],
  ['calls, of oracle', ratio(({ calls }) => calls)],
  ['unused', sum(({ sessions }) => sessions.unused)],
  ['renewed early', sum(({ sessions }) => sessions.issued - sessions.planned - sessions.unused)],
  ['lost in outages', sum(({ lost }) => lost.outage)],
  ['throttled', sum(({ lost }) => lost.throttling)],
  ['faults', sum(({ lost }) => lost.fault)],
  ['wrong codes', sum(({ lost }) => lost.refused)],
];

export async function tellWeeks(kind: WeekKind, seeds: readonly number[]): Promise<void> {
  const headings = columns.map(([heading]) => heading);
  console.log(line(['seed', ...headings]));
  console.log(line(['seed', ...headings].map(() => '---')));
  const weeks: WeekFigures[] = [];
  const complaints: string[] = [];
  for (const seed of seeds) {
    const week = await liveWeek(seed, kind);
    weeks.push(week);
    complaints.push(...week.complaints);
    console.log(line([seed, ...columns.map(([, of]) => of([week]))]));
  }
  console.log(line(['all', ...columns.map(([, of]) => of(weeks))]));
  if (complaints.length > 0) console.log(`\n${complaints.join('\n')}`);
}

function sum(of: (week: WeekFigures) => number) {
  return (weeks: readonly WeekFigures[]) => weeks.reduce((total, week) => total + of(week), 0);
}

function ratio(of: (week: WeekFigures) => number) {
  return (weeks: readonly WeekFigures[]) =>
    (sum(of)(weeks) / sum(({ sessions }) => sessions.planned)(weeks)).toFixed(3);
}

function line(cells: readonly (number | string)[]): string {
  return `| ${cells.join(' | ')} |`;
}
