/**
 * How long it takes to find the program at the other end of a connection on a crowded machine. In each round another
 * program asks, neither the newest nor the oldest, while others have just opened or closed something.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { linuxPeerIdentity } from '../../main/platform/linux-peer-identity.ts';
import { endsOf } from '../../main/platform/loopback.ts';
import type { PeerIdentity } from '../../main/platform/ports.ts';
import { connectionsInTimeWait, Crowd } from './crowd.ts';

const size = { programs: 300, descriptorsEach: 34, connectionsInTimeWait: 20_000 };
const rounds = 100;
/** Every third program is restless: it opens and closes files all the time, ten of them between two look-ups. */
const restlessEach = 3;
const stirredAtOnce = 10;

/** The others but the oldest and the newest. There are 199 of them, so any stride comes to each once. */
const askers = Array.from({ length: size.programs - 1 }, (_, place) => place).filter(
  (place) => place % restlessEach !== 0,
);

export async function measureAttribution(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('programs are found in /proc on Linux only');
  await using crowd = await Crowd.gather(size);
  using peer = linuxPeerIdentity();

  const [unknown, again]: [Took[], Took[]] = [[], []];
  const userMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (let count = 0; count < stirredAtOnce; count++) {
      await crowd.stir(crowd.program((restlessEach * (round * stirredAtOnce + count)) % size.programs));
    }
    const program = crowd.program(askers[(round * 113) % askers.length] ?? 0);
    const socket = await crowd.connect(program);
    userMs.push(timeToTellUserMs(peer, socket));
    unknown.push(await find(peer, socket, program));
    again.push(await find(peer, await crowd.connect(program), program));
  }
  // It starts the thread, which knows no process yet.
  const [first] = unknown.splice(0, 1);

  console.log(
    `${size.programs} programs with ${size.descriptorsEach} descriptors each, ${connectionsInTimeWait()} connections in TIME_WAIT, ${rounds} rounds, Node ${process.version}.\n`,
  );
  console.log('| who is at the other end | median | 95 of 100 within | of that on the event loop |');
  console.log('| --- | --- | --- | --- |');
  tell('a program that has not asked before', unknown);
  tell('a program that connects again', again);
  tell(
    'its user alone',
    userMs.map((ms) => ({ ms, onEventLoopMs: ms })),
  );
  console.log(
    `\nThe very first look-up took ${inMs(first?.ms)}, ${inMs(first?.onEventLoopMs)} of it on the event loop.`,
  );
}

interface Took {
  readonly ms: number;
  /** How long the event loop was busy, and nobody else was served. */
  readonly onEventLoopMs: number;
}

async function find(peer: PeerIdentity, socket: Socket, program: ChildProcess): Promise<Took> {
  const before = performance.eventLoopUtilization();
  const startMs = performance.now();
  const ends = endsOf(socket);
  const client = ends && (await peer.clientAt(ends));
  const ms = performance.now() - startMs;
  const { active } = performance.eventLoopUtilization(before);
  if (client?.process.pid !== program.pid)
    throw new Error('another program was found than the one that asked');
  return { ms, onEventLoopMs: active };
}

function timeToTellUserMs(peer: PeerIdentity, socket: Socket): number {
  const ends = endsOf(socket);
  if (ends === undefined) throw new Error('the connection is gone');
  const startMs = performance.now();
  if (peer.isOwnUser(ends) !== true) throw new Error('the program was taken for another user’s');
  return performance.now() - startMs;
}

function tell(who: string, all: readonly Took[]): void {
  const timesMs = all.map(({ ms }) => ms);
  const busyMs = all.map(({ onEventLoopMs }) => onEventLoopMs);
  console.log(`| ${who} | ${at(0.5, timesMs)} | ${at(0.95, timesMs)} | ${at(0.5, busyMs)} |`);
}

function at(part: number, timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((one, other) => one - other);
  return inMs(sorted[Math.floor(sorted.length * part)]);
}

function inMs(milliseconds = Number.NaN): string {
  return `${milliseconds.toFixed(milliseconds < 0.1 ? 3 : 2)} ms`;
}
