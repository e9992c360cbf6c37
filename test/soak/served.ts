/** What is soaked, in a process of its own: the engine and an endpoint for each of ten profiles, in real time. */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod/mini';
import { profileSchema, type Profile } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { serveEngine, startEngine } from '../fixtures/engine.ts';

/** Where each profile is served. Its session name is its name. */
export const servedSchema = z.record(z.string(), z.string());

export const sizeSchema = z.object({
  /** Of live objects, garbage being collected. */
  heapBytes: z.number(),
  /** What keeps the event loop busy: servers, connections, timers. */
  handles: z.number(),
  /** Open file descriptors; 0 where the system does not list them. */
  descriptors: z.number(),
});
export type Size = z.output<typeof sizeSchema>;

/** Nine that are assumed with the key, of which one is the base of the tenth. */
const profiles: readonly Profile[] = [
  ...Array.from({ length: 8 }, (_, number) => ({
    name: `reader-${number}`,
    roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    base: { key: 'work' },
  })),
  { name: 'hub', roleArn: 'arn:aws:iam::444455556666:role/LongReader', base: { key: 'work' } },
  { name: 'chained', roleArn: 'arn:aws:iam::444455556666:role/Chained', base: { profile: 'hub' } },
].map((profile) =>
  profileSchema.parse({ ...profile, sessionName: profile.name, region: 'eu-central-1', pinned: true }),
);

/** Serves until the parent lets go, tells it where, and then its size whenever it sends a message. */
export async function serveSoaked(): Promise<void> {
  const opened = new Resources();
  process.once('disconnect', () => {
    void opened[Symbol.asyncDispose]().then(() => process.exit());
  });
  const engine = await startEngine(opened, profiles);
  const served: z.output<typeof servedSchema> = {};
  for (const { name } of profiles) served[name] = await serveEngine(opened, engine, name);
  process.on('message', () => {
    process.send?.(size());
  });
  process.send?.(served);
}

function size(): Size {
  setFlagsFromString('--expose-gc');
  // What finalizers let go of is garbage for the next time.
  for (let round = 0; round < 3; round++) runInNewContext('gc()');
  return {
    heapBytes: process.memoryUsage().heapUsed,
    handles: process.getActiveResourcesInfo().length,
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
  };
}
