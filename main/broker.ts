import { BrokerService } from './control/broker-service.ts';
import { serveDataFolder } from './control/local-socket.ts';
import { OneTimePages } from './control/one-time-pages.ts';
import type { CopySecret, OpenInBrowser, OpenInterface } from './control/parts.ts';
import type { Service, ServiceByCaller } from './control/service.ts';
import { ConfigurationStore } from './configuration/store.ts';
import { MainPort } from './endpoint/main-port.ts';
import { OwnPorts } from './endpoint/own-ports.ts';
import { serveEndpoint } from './endpoint/server.ts';
import { KeyCustody } from './keys/custody.ts';
import { AuditLog } from './audit/audit-log.ts';
import { openClients } from './clients/clients.ts';
import { recordSessions } from './clients/session-records.ts';
import { ensurePrivateFolder } from './platform/private-folder.ts';
import { linkLocalIsOn } from './platform/link-local.ts';
import type {
  Clock,
  OwnerAuthentication,
  PeerIdentity,
  Power,
  SecretStore,
  StartAtLogin,
} from './platform/ports.ts';
import { ActiveProfile } from './profiles/active-profile.ts';
import { Profiles } from './profiles/profiles.ts';
import { Resources } from './resources.ts';
import { KeptSessions } from './sessions/kept-sessions.ts';
import { Sessions } from './sessions/sessions.ts';
import { StsThread } from './sts/sts-thread.ts';

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
  /** Where the operating system can start this program at login. */
  readonly startAtLogin?: StartAtLogin | undefined;
  readonly openInterface: OpenInterface;
  /** Undefined where there is no desktop. */
  readonly openInBrowser?: OpenInBrowser | undefined;
  /** Undefined where there is no desktop. */
  readonly copySecret?: CopySecret | undefined;
}

export interface Broker extends AsyncDisposable {
  readonly service: Service & ServiceByCaller;
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
  const { home, clock, version, peer, secrets, openInterface } = options;
  ensurePrivateFolder(home);
  const configuration = opened.use(await ConfigurationStore.open(home));
  const audit = new AuditLog({ home, clock, secrets });
  const sts = opened.use(new StsThread());
  const keys = new KeyCustody(clock, configuration, secrets, sts);
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
  opened.use(recordSessions(sessions, audit));
  const clients = opened.use(openClients({ clock, configuration, active, sessions, peer, audit }));
  const serve = (port: number, ownProfile?: string) =>
    serveEndpoint({
      port,
      clock,
      peer,
      clients,
      ownProfile,
      isV1On: () => configuration.current.settings.imdsV1,
      linkLocalIsOn,
    });
  const mainPort = new MainPort(serve, options.port);
  const ownPorts = new OwnPorts(configuration, (profile, port) => serve(port, profile));
  const service = opened.use(
    new BrokerService({
      clock,
      configuration,
      keys,
      profiles: new Profiles(configuration),
      active,
      sessions,
      clients,
      ownerAuthentication: options.ownerAuthentication,
      startAtLogin: options.startAtLogin,
      version,
      home,
      secretsIn: secrets.kind,
      endpointUrl: () => mainPort.url,
      mainPort,
      ownPorts,
      linkLocalIsOn,
      openInterface,
      oneTimePages: opened.use(new OneTimePages({ clock, peer })),
      openInBrowser: options.openInBrowser,
      copySecret: options.copySecret,
    }),
  );
  // Before the endpoint: a second copy is to hear that it is one, not that the port is taken.
  opened.use(
    await serveDataFolder({
      service,
      clients,
      sessions,
      clock,
      peer,
      version,
      home,
      endpointUrl: () => mainPort.url,
    }),
  );
  // Only the folder's own broker writes to its log: from here on, and until it gives the folder up.
  opened.use(audit);
  await audit.start();
  await opened.use(mainPort).start(configuration.current.settings.port);
  await opened.use(ownPorts).start();
  return { service, endpoint: mainPort, home, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
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
