/**
 * A week of Latchkey in some seconds: the engine as it is shipped, on the embedded STS over HTTP, with a fake clock
 * that both live by. 100 profiles, three MFA devices, ten programs, a person, nights and bad weather; all at random,
 * and the same for the same seed.
 */
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { KeyCustody } from '../../main/keys/custody.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { ActiveProfile } from '../../main/profiles/active-profile.ts';
import { Resources } from '../../main/resources.ts';
import { Secret } from '../../main/secret.ts';
import { KeptSessions } from '../../main/sessions/kept-sessions.ts';
import { Sessions } from '../../main/sessions/sessions.ts';
import { openSts } from '../../main/sts/sts.ts';
import { endpointUrlSts, temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { FakePower } from '../fixtures/fake-power.ts';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { boundByStep, plannedByStep } from './oracle.ts';
import { hour, hourOf, mondayMs, wakingHours } from './week-calendar.ts';
import { Person } from './week-person.ts';
import { activeProfile, planDay, startBusyPrograms, startPrograms, type Machine } from './week-programs.ts';
import { Random } from './week-random.ts';
import { Reads, type Endings } from './week-reads.ts';
import { WeekSts, type Loss } from './week-sts.ts';
import { Weather } from './week-weather.ts';
import { seeds, weekKeys, weekProfiles, weekWorld } from './week-world.ts';

export interface WeekFigures {
  readonly seed: number;
  readonly reads: Endings;
  readonly prompts: {
    readonly opened: number;
    /** Of these, those that followed on one that the person had cancelled or left alone. */
    readonly again: number;
    /** The most of one device in one day, without those. */
    readonly mostInADay: number;
  };
  readonly sessions: {
    readonly issued: number;
    /** As many as the oracle plans, and as no plan can do without. */
    readonly planned: number;
    readonly bound: number;
    /** Issued, and neither read nor walked with. */
    readonly unused: number;
  };
  /** All calls for sessions, and those that gave none, by the reason. */
  readonly calls: number;
  readonly lost: Readonly<Record<Loss, number>>;
  /** What should not be, in words, for the reader of a failed run. */
  readonly complaints: readonly string[];
}

/**
 * What runs: `busy`, ten programs that ask every few minutes all day; `mixed`, besides some that do so also Terraform
 * over many accounts, inventories, SDKs that keep what they have, and a person at a shell.
 */
export type WeekKind = 'busy' | 'mixed';

/** The oracle's sessions have the mean of what jitter does to the engine's. */
const meanJitter = () => 0.5;

/** Lives through the week of a seed. */
export async function liveWeek(seed: number, kind: WeekKind): Promise<WeekFigures> {
  const random = new Random(seed);
  const waking = wakingHours(random);
  await using opened = new Resources();
  const [monday] = waking;
  const clock = opened.use(new FakeClock(mondayMs + (monday?.from ?? 8) * hour));
  const { path } = opened.use(await temporaryHome());
  const server = opened.use(await startEmbeddedSts(weekWorld, { now: () => clock.now() }));
  opened.use(endpointUrlSts(server.url));
  const weather = new Weather(random, waking);
  const sts = new WeekSts(opened.use(openSts(clock)), clock, weather, server.faults, random);
  const configuration = await ConfigurationStore.open(path);
  const secrets = memorySecretStore();
  const keys = new KeyCustody(clock, configuration, secrets, sts);
  for (const { label, accessKeyId, secretAccessKey } of weekKeys) {
    await keys.add({
      label,
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      region: 'eu-central-1',
    });
  }
  await configuration.update((before) => ({ ...before, profiles: [...weekProfiles] }));
  const active = opened.use(new ActiveProfile(clock, configuration));
  await active.use(activeProfile);
  const power = new FakePower();
  const warnings: string[] = [];
  const sessions = opened.use(
    new Sessions({
      clock,
      power,
      configuration,
      active,
      keys,
      sts,
      kept: new KeptSessions({ secrets, isOn: () => true, warn: (message) => warnings.push(message) }),
      random: random.next,
    }),
  );
  const reads = new Reads(clock, sessions, sts, weather, configuration.current);
  const person = new Person(clock, sessions, seeds, random);
  const machine: Machine = { clock, random, read: (profile) => reads.read(profile) };

  if (kind === 'busy') startBusyPrograms(machine);
  else startPrograms(machine);
  for (const [number, { to }] of waking.entries()) {
    if (kind === 'mixed' && number < 5) planDay(machine);
    await passUntil(clock, sts, clock.now() + (to - hourOf(clock.now())) * hour);
    const next = waking[number + 1];
    if (!next) break;
    power.tell({ type: 'sleep' });
    clock.sleep((24 - hourOf(clock.now()) + next.from) * hour);
    power.tell({ type: 'wake' });
    await settled(sts);
  }

  const issued = [...sts.issued.values()];
  const lost: Record<Loss, number> = { fault: 0, outage: 0, throttling: 0, refused: 0 };
  for (const loss of sts.losses) lost[loss] += 1;
  const complaints = [...reads.complaints, ...sts.surprises, ...warnings];
  return {
    seed,
    reads: reads.endings,
    prompts: {
      opened: person.asked.length,
      again: person.asked.filter(({ isAgain }) => isAgain).length,
      mostInADay: person.mostInADay,
    },
    sessions: {
      issued: issued.length,
      planned: sumOf(plannedByStep(reads.served, meanJitter)),
      bound: sumOf(boundByStep(reads.served, meanJitter)),
      unused: issued.filter(({ reads: served, walks }) => served + walks === 0).length,
    },
    calls: issued.length + sts.losses.length,
    lost,
    complaints: complaints.length > 0 ? [...complaints, `Weather: ${String(weather)}`] : [],
  };
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Lets fake time pass, step by step, and after each all that it has set off. */
async function passUntil(clock: FakeClock, sts: WeekSts, endMs: number): Promise<void> {
  for (;;) {
    const nextMs = clock.untilNextMs ?? Number.POSITIVE_INFINITY;
    const leftMs = endMs - clock.now();
    clock.advance(Math.min(nextMs, leftMs));
    await settled(sts);
    if (nextMs > leftMs) return;
  }
}

/** Resolves when everything waits for fake time or for a person: no call is under way, and no promise can settle. */
async function settled(sts: WeekSts): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!sts.isBusy) return;
    await sts.answered();
  }
}
