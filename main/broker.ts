import { BrokerService } from './control/broker-service.ts';
import { serveDataFolder } from './control/local-socket.ts';
import type { Service } from './control/service.ts';
import { findProfile } from './configuration/configuration.ts';
import { ConfigurationStore } from './configuration/store.ts';
import { serveEndpoint, type Endpoint } from './endpoint/server.ts';
import { KeyCustody } from './keys/custody.ts';
import { HandedOut } from './clients/handed-out.ts';
import { Programs } from './clients/programs.ts';
import { ensurePrivateFolder } from './platform/data-folder.ts';
import type { Clock, OwnerAuthentication, PeerIdentity, Power, SecretStore } from './platform/ports.ts';
import { ActiveProfile } from './profiles/active-profile.ts';
import { Profiles } from './profiles/profiles.ts';
import { Resources } from './resources.ts';
import { KeptSessions } from './sessions/kept-sessions.ts';
import { Sessions } from './sessions/sessions.ts';
import { openSts } from './sts/sts.ts';

export interface BrokerOptions {
  /** The data folder. */
  readonly home: string;
  /** The endpoint's port for this run; else the settings'. 0 takes any free port. */
  readonly port?: number | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly secrets: SecretStore;
  readonly peer: PeerIdentity;
  readonly power: Power;
  /** Where the operating system can make sure that it is the owner who sits there. */
  readonly ownerAuthentication?: OwnerAuthentication | undefined;
  /** Shows the window, or gives a link where there is none. */
  readonly openInterface: () => Promise<string | null>;
}

export interface Broker extends AsyncDisposable {
  readonly service: Service;
  readonly endpoint: { readonly url: string };
  readonly home: string;
}

/**
 * Composes the broker out of its ports and serves it: the endpoint to programs, the contract on the local socket.
 * @throws Failure ConfigUnreadable, AlreadyRunning or PortTaken; then nothing is left open
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const opened = new Resources();
  try {
    return await compose(options, opened);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function compose(options: BrokerOptions, opened: Resources): Promise<Broker> {
  const { home, clock, version, peer, openInterface } = options;
  await ensurePrivateFolder(home);
  const configuration = await ConfigurationStore.open(home);
  const sts = opened.use(openSts(clock));
  const keys = new KeyCustody(clock, configuration, options.secrets, sts);
  const active = opened.use(new ActiveProfile(clock, configuration));
  const sessions = opened.use(
    new Sessions({
      clock,
      power: options.power,
      configuration,
      active,
      keys,
      sts,
      // Opened before the sessions, so it ends after them.
      kept: opened.use(keptSessions(options, configuration)),
      random: Math.random,
    }),
  );
  const programs = new Programs(clock, peer);
  const handedOut = new HandedOut(clock);
  let endpoint: Endpoint | undefined;
  const service = opened.use(
    new BrokerService({
      configuration,
      keys,
      profiles: new Profiles(configuration),
      active,
      sessions,
      handedOut,
      ownerAuthentication: options.ownerAuthentication,
      version,
      secretsIn: options.secrets.kind,
      endpointUrl: () => endpoint?.url ?? '',
      openInterface,
    }),
  );
  // Before the endpoint: a second copy is to hear that it is one, not that the port is taken.
  opened.use(await serveDataFolder(service.forCommands(), home));
  endpoint = opened.use(
    await serveEndpoint({
      port: options.port ?? configuration.current.settings.port,
      clock,
      peer,
      source: {
        profile: () => {
          const { name } = active;
          return sessions.isLocked || name === null ? undefined : findProfile(configuration.current, name);
        },
        take: (profile) => sessions.take(profile),
        acquire: (profile, socket) =>
          sessions.acquire({ cause: 'program', profile, program: programs.at(socket) }),
        connected: (socket) => {
          void programs.whereCheap(socket);
        },
        handedOut: (profile, session, socket) => {
          handedOut.note(profile, session, socket, () => programs.whereCheap(socket));
        },
        isWaitingForMfa: (profile) => sessions.standing(profile).state === 'waitingForMfa',
      },
    }),
  );
  return { service, endpoint, home, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

function keptSessions({ secrets }: BrokerOptions, configuration: ConfigurationStore): KeptSessions {
  return new KeptSessions({
    secrets,
    isOn: () => configuration.current.settings.keepMfaSessions,
    warn: (message) => {
      console.error(message);
    },
  });
}
