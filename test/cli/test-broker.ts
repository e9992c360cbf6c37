/** A broker with a key and profiles at an embedded STS, for the built `latchkey` command to find. */
import { join } from 'node:path';
import { startBroker, type Broker } from '../../main/broker.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { noPower } from '../../main/platform/no-power.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import type { PeerIdentity } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Resources } from '../../main/resources.ts';
import type { Secret } from '../../main/secret.ts';
import type { CallName, Input, Status } from '../../preload/contract.ts';
import { commandVersion } from '../control/socket-options.ts';
import { endpointUrlSts, temporaryHome } from '../fixtures/core.ts';
import { startEmbeddedSts, type EmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, aliceSeed, aliceSerial, sampleWorld } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

export interface TestBroker extends AsyncDisposable {
  readonly broker: Broker;
  readonly sts: EmbeddedSts;
  /** The environment in which a command finds the broker. */
  readonly env: NodeJS.ProcessEnv;
  /** Makes a call that must succeed. */
  call<Name extends CallName>(name: Name, input: Input<Name>): Promise<unknown>;
}

export async function startTestBroker(
  options: {
    version?: string;
    peer?: PeerIdentity;
    link?: string;
    openInBrowser?: (address: string) => Promise<void>;
    copySecret?: (secret: Secret) => Promise<void>;
  } = {},
): Promise<TestBroker> {
  const opened = new Resources();
  const { path: home } = opened.use(await temporaryHome());
  const env = { ...process.env, LATCHKEY_HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
  opened.use(inEnvironment('XDG_RUNTIME_DIR', env.XDG_RUNTIME_DIR));
  const sts = opened.use(await startEmbeddedSts(sampleWorld));
  opened.use(endpointUrlSts(sts.url));
  opened.use(inEnvironment('AWS_ENDPOINT_URL_SIGNIN', sts.url));
  const broker = opened.use(
    await startBroker({
      home,
      port: 0,
      version: options.version ?? commandVersion,
      clock: systemClock,
      secrets: memorySecretStore(),
      peer: options.peer ?? peerIdentity(),
      power: noPower,
      openInterface: async (confirm) => {
        if (options.link === undefined) return null;
        await confirm();
        return options.link;
      },
      openInBrowser: options.openInBrowser,
      copySecret: options.copySecret,
    }),
  );
  const call = async <Name extends CallName>(name: Name, input: Input<Name>): Promise<unknown> => {
    const answer = await broker.service.call(name, input);
    if ('problem' in answer) throw new Error(`${name}: ${answer.problem.message}`);
    return answer.value;
  };
  await call('keys.add', { label: 'work', ...aliceKeys });
  const account = 'arn:aws:iam::444455556666:role';
  const shared = { base: { key: 'work' }, region: 'eu-central-1' };
  for (const profile of [
    { name: 'reader', roleArn: `${account}/team/Reader` },
    { name: 'long-reader', roleArn: `${account}/LongReader` },
    { name: 'guarded', roleArn: `${account}/Guarded`, mfaSerial: aliceSerial },
    { name: 'refused', roleArn: `${account}/NamesBobAbroad` },
  ])
    await call('profiles.save', { profile: { ...shared, ...profile } });
  return { broker, sts, env, call, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** Waits until an MFA code is wanted, and nobody checks one. */
export function untilPrompted(own: TestBroker): Promise<void> {
  return untilTold(own, ({ prompts }) => prompts.some(({ state }) => state === 'waiting'));
}

/** Waits until the broker tells of a status that is meant. */
export async function untilTold({ broker }: TestBroker, isMeant: (status: Status) => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const subscription = broker.service.subscribe((event) => {
      const status =
        event.type === 'state' ? event.state.status : event.type === 'status' ? event.status : undefined;
      if (!status || !isMeant(status)) return;
      // The first event comes while there is no subscription to dispose yet.
      setImmediate(() => {
        subscription[Symbol.dispose]();
      });
      resolve();
    });
  });
}

/** The code that Alice's device shows now. */
export function currentCode(): string {
  return totp(aliceSeed, Date.now());
}

/** The code that it shows after that: it may be given already, as a device's clock may run fast. */
export function nextCode(): string {
  return totp(aliceSeed, Date.now() + 30_000);
}

/** A code that her device does not show, now or around now. */
export function wrongCode(): string {
  const around = [-30_000, 0, 30_000].map((offsetMs) => totp(aliceSeed, Date.now() + offsetMs));
  return ['000000', '111111', '222222', '333333'].find((code) => !around.includes(code)) ?? '444444';
}

function inEnvironment(name: string, value: string): Disposable {
  const before = process.env[name];
  process.env[name] = value;
  return {
    [Symbol.dispose]: () => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    },
  };
}
