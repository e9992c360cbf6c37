/** The ten programs of the simulated week. */
import type { Session } from '../../main/sts/session.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { hour, hourOf, isOfficeTime, isSomebodyWorking, isWithin, minute } from './week-calendar.ts';
import type { Random } from './week-random.ts';
import { nameOf } from './week-world.ts';

/** Where the programs run. */
export interface Machine {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly read: (profile: string) => Promise<Session | undefined>;
}

type IsRunning = (nowMs: number) => boolean;

/** How much life an SDK wants its credentials to have left before it asks for others. */
const asksWithLeftMs = { botocore: 15 * minute, javaScript: 5 * minute, go: 0 };

const officeMorning = { from: 10, to: 12 };
const officeAfternoon = { from: 14, to: 17 };

/** How long a busy program works with one profile, in waking hours, before it goes on to the next. */
const busyHours = { least: 14, most: 60 };

/**
 * Ten programs that ask once or twice a minute whenever the machine is awake: agents, watchers, scripts that call the AWS
 * CLI. The first asks for the active profile, as the default endpoint's clients do, the others each for one of ten
 * profiles of their own, day after day until it is the next one's turn.
 */
export function startBusyPrograms(machine: Machine): void {
  const { clock, random } = machine;
  for (let number = 0; number < 10; number++) {
    let turn = 0;
    let profile = nameOf(number);
    const moveOn = () => {
      clock.schedule(random.between(busyHours.least, busyHours.most) * hour, () => {
        turn = (turn + 1) % 10;
        profile = nameOf(turn * 10 + number);
        moveOn();
      });
    };
    if (number > 0) moveOn();
    const everyMs = random.between(0.5, 1.5) * minute;
    const ask = () => {
      clock.schedule(everyMs * random.between(0.8, 1.2), () => {
        void machine.read(profile);
        ask();
      });
    };
    ask();
  }
}

/** The profile that the person has made the active one, with the first two programs on it. */
export const activeProfile = nameOf(0);

/** Those of a mixed week that run for hours. */
export function startPrograms(machine: Machine): void {
  // `watch` with the AWS CLI, and a service that runs whenever the machine does.
  poll(machine, nameOf(0), minute, isOfficeTime);
  runSdk(machine, 'botocore', nameOf(0), 20_000, () => true);
  // A script that waits for one deployment after the other, with the AWS CLI.
  poll(
    machine,
    nameOf(1),
    3 * minute,
    (nowMs) => isOfficeTime(nowMs) && (isWithin(officeMorning, nowMs) || isWithin(officeAfternoon, nowMs)),
  );
  runSdk(machine, 'go', nameOf(2), 30_000, isOfficeTime);
  // An editor with an AWS extension.
  runSdk(machine, 'javaScript', nameOf(3), 3 * minute, isSomebodyWorking);
  runSdk(machine, 'botocore', nameOf(60), 30_000, isOfficeTime);
  // A dashboard in a terminal, of a role that is chained on another.
  poll(machine, nameOf(81), 2 * minute, isOfficeTime);
  work(machine, [0, 4, 5, 6, 61, 82, 95].map(nameOf));
}

/** Those that a person starts at some time of a working day. Called when the lid is opened. */
export function planDay(machine: Machine): void {
  const { clock, random } = machine;
  const at = (hours: number, act: () => void) => {
    clock.schedule((hours - hourOf(clock.now())) * hour, act);
  };
  // Terraform over 30 accounts, in the morning and in the afternoon; a plan is often applied.
  const accounts = Array.from({ length: 30 }, (_, number) => nameOf(number < 20 ? 8 + number : 42 + number));
  for (const hours of [random.between(9.2, 12), random.between(13.5, 17)]) {
    at(hours, () => {
      void burst(machine, accounts, 400);
      if (random.happens(0.4)) {
        clock.schedule(random.between(3, 15) * minute, () => void burst(machine, accounts, 400));
      }
    });
  }
  // An inventory of everything.
  const everything = Array.from({ length: 100 }, (_, number) => nameOf(number));
  at(random.between(9, 17), () => void burst(machine, everything, 2_000));
}

/** A script that starts a new process of the AWS CLI each time: each one reads. */
function poll(machine: Machine, profile: string, everyMs: number, isRunning: IsRunning): void {
  const { clock, random } = machine;
  clock.schedule(everyMs * random.between(0.95, 1.05), () => {
    poll(machine, profile, everyMs, isRunning);
    if (isRunning(clock.now())) void machine.read(profile);
  });
}

/**
 * A process that keeps its credentials until they have little life left and then reads at each of its calls of AWS. One
 * that has none ends, and is started again after a minute.
 */
function runSdk(
  machine: Machine,
  sdk: keyof typeof asksWithLeftMs,
  profile: string,
  callsEveryMs: number,
  isRunning: IsRunning,
): void {
  const { clock, random } = machine;
  let held: Session | undefined;
  let startsAtMs = 0;
  const leftMs = () => (held?.expiresAtMs ?? 0) - clock.now();
  async function call() {
    if (!isRunning(clock.now())) {
      held = undefined;
      return;
    }
    if (clock.now() < startsAtMs || leftMs() > asksWithLeftMs[sdk]) return;
    const session = await machine.read(profile);
    if (session) held = session;
    else if (leftMs() <= 0) startsAtMs = clock.now() + minute;
  }
  function next() {
    clock.schedule(random.gap(callsEveryMs), () => {
      next();
      void call();
    });
  }
  next();
}

/** A run over many profiles, each read once. Whoever started it starts it again, some times, for those that failed. */
async function burst(machine: Machine, profiles: readonly string[], apartMs: number): Promise<void> {
  let left = profiles;
  for (let run = 0; run < 4 && left.length > 0; run++) {
    if (run > 0) await passes(machine, 3 * minute);
    const failed: string[] = [];
    for (const profile of left) {
      await passes(machine, apartMs * machine.random.between(0.5, 1.5));
      if (!(await machine.read(profile))) failed.push(profile);
    }
    left = failed;
  }
}

function passes({ clock }: Machine, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });
}

/** A person at a shell: commands of the AWS CLI by fits and starts, now with one profile and now with another. */
function work(machine: Machine, profiles: readonly string[]): void {
  const { clock, random } = machine;
  let profile = random.pick(profiles);
  let untilMs = 0;
  function next() {
    clock.schedule(random.gap(4 * minute), () => {
      if (clock.now() > untilMs) {
        profile = random.pick(profiles);
        untilMs = clock.now() + random.gap(40 * minute);
      }
      if (isSomebodyWorking(clock.now())) void machine.read(profile);
      next();
    });
  }
  next();
}
