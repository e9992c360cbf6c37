/** What is soaked, in a process of its own: the engine and an endpoint for each of ten profiles, in real time. */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod/mini';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { openClients } from '../../main/clients/clients.ts';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { serveEndpoint } from '../../main/endpoint/server.ts';
import { KeyCustody } from '../../main/keys/custody.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { noPower } from '../../main/platform/no-power.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { ActiveProfile } from '../../main/profiles/active-profile.ts';
import { profileSchema, type Profile } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { Secret } from '../../main/secret.ts';
import { KeptSessions } from '../../main/sessions/kept-sessions.ts';
import { Sessions } from '../../main/sessions/sessions.ts';
import { openSts } from '../../main/sts/sts.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { aliceKeys } from '../sts/sample-world.ts';

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
  const clock = systemClock;
  const { path: home } = opened.use(await temporaryHome());
  const configuration = opened.use(await ConfigurationStore.open(home));
  const sts = opened.use(openSts(clock));
  const secrets = memorySecretStore();
  const keys = new KeyCustody(clock, configuration, secrets, sts);
  const { accessKeyId, secretAccessKey } = aliceKeys;
  await keys.add({
    label: 'work',
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    region: 'us-east-1',
  });
  await configuration.update((before) => ({ ...before, profiles: [...profiles] }));
  const active = opened.use(new ActiveProfile(clock, configuration));
  const kept = opened.use(new KeptSessions({ secrets, isOn: () => true, warn: console.error }));
  const sessions = opened.use(
    new Sessions({
      clock,
      power: noPower,
      configuration,
      active,
      keys,
      sts,
      kept,
      random: Math.random,
    }),
  );
  const peer = peerIdentity();
  const audit = opened.use(await AuditLog.open({ home, clock, secrets }));
  const clients = opened.use(openClients({ clock, configuration, active, sessions, peer, audit }));
  const served: z.output<typeof servedSchema> = {};
  for (const { name } of profiles) {
    const { url } = opened.use(
      await serveEndpoint({
        port: 0,
        clock,
        peer,
        clients,
        ownProfile: name,
        isV1On: () => false,
        linkLocalIsOn: () => false,
      }),
    );
    served[name] = url;
  }
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
