/**
 * How long it takes to find the program at the other end of a connection on a crowded machine. In each round another
 * program asks, neither the newest nor the oldest, while others have just opened or closed something.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { linuxPeerIdentity } from '../../main/platform/linux-peer-identity.ts';
import { clientAt, endsOf } from '../../main/platform/loopback.ts';
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

/** How finely the event loop's delay is measured. */
const resolutionMs = 1;

export async function measureAttribution(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('programs are found in /proc on Linux only');
  await using crowd = await Crowd.gather(size);
  using peer = linuxPeerIdentity();

  const [unknownMs, againMs, userMs]: [number[], number[], number[]] = [[], [], []];
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  for (let round = 0; round <= rounds; round++) {
    for (let count = 0; count < stirredAtOnce; count++) {
      await crowd.stir(crowd.program((restlessEach * (round * stirredAtOnce + count)) % size.programs));
    }
    const program = crowd.program(askers[(round * 113) % askers.length] ?? 0);
    const socket = await crowd.connect(program);
    userMs.push(timeToTellUserMs(peer, socket));
    if (round > 0) delay.enable();
    unknownMs.push(await timeToFindMs(peer, socket, program));
    delay.disable();
    againMs.push(await timeToFindMs(peer, await crowd.connect(program), program));
  }
  // It starts the thread, which knows no process yet.
  const [firstMs = Number.NaN] = unknownMs.splice(0, 1);

  console.log(
    `${size.programs} programs with ${size.descriptorsEach} descriptors each, ${connectionsInTimeWait()} connections in TIME_WAIT, ${rounds} rounds, Node ${process.version}.\n`,
  );
  console.log('| who is at the other end | median | 95 of 100 within |');
  console.log('| --- | --- | --- |');
  tell('a program that has not asked before', unknownMs);
  tell('a program that connects again', againMs);
  tell('its user alone', userMs);
  console.log(`\nThe very first look-up took ${inMs(firstMs)}.`);
  console.log(`The event loop was held up for ${inMs(Math.max(0, delay.max / 1e6 - resolutionMs))} at most.`);
}

async function timeToFindMs(peer: PeerIdentity, socket: Socket, program: ChildProcess): Promise<number> {
  const startMs = performance.now();
  const client = await clientAt(peer, socket);
  const tookMs = performance.now() - startMs;
  if (client?.process.pid !== program.pid)
    throw new Error('another program was found than the one that asked');
  return tookMs;
}

function timeToTellUserMs(peer: PeerIdentity, socket: Socket): number {
  const ends = endsOf(socket);
  if (ends === undefined) throw new Error('the connection is gone');
  const startMs = performance.now();
  if (peer.isOwnUser(ends) !== true) throw new Error('the program was taken for another user’s');
  return performance.now() - startMs;
}

function tell(who: string, timesMs: readonly number[]): void {
  const sorted = timesMs.toSorted((one, other) => one - other);
  const at = (part: number) => inMs(sorted[Math.floor(sorted.length * part)] ?? Number.NaN);
  console.log(`| ${who} | ${at(0.5)} | ${at(0.95)} |`);
}

function inMs(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 0.1 ? 3 : 2)} ms`;
}
