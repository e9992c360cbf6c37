import type { MainPort } from '../endpoint/main-port.ts';
import type { OwnPorts } from '../endpoint/own-ports.ts';
import type { Clients } from '../clients/clients.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { Client, Clock, OwnerAuthentication, StartAtLogin } from '../platform/ports.ts';
import type { ActiveProfile } from '../profiles/active-profile.ts';
import type { Profiles } from '../profiles/profiles.ts';
import type { Secret } from '../secret.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { OneTimePages } from './one-time-pages.ts';

/**
 * Shows the window, or gives a link where there is none; before that it waits for `confirm`, which makes sure that a
 * person asks, and tells the program that he does it with.
 */
export type OpenInterface = (confirm: () => Promise<Client | undefined>) => Promise<string | null>;

/** Opens an address in the person's browser. The address gets into a command line: it must be nobody's secret for long. */
export type OpenInBrowser = (address: string) => Promise<void>;

/**
 * Puts a secret on the clipboard of the person's desktop, and takes it off again after a while.
 * @throws where the desktop does not take it
 */
export type CopySecret = (secret: Secret) => Promise<void>;

/** What the contract is carried out by. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly configuration: ConfigurationStore;
  readonly keys: KeyCustody;
  readonly profiles: Profiles;
  readonly active: ActiveProfile;
  readonly sessions: Sessions;
  readonly clients: Pick<
    Clients,
    | 'connections'
    | 'source'
    | 'handedOut'
    | 'bindings'
    | 'approvals'
    | 'containerTokens'
    | 'refusals'
    | 'audit'
  >;
  readonly ownerAuthentication: OwnerAuthentication | undefined;
  /** Undefined where nothing can be started at login. */
  readonly startAtLogin: StartAtLogin | undefined;
  readonly version: string;
  /** The data folder. */
  readonly home: string;
  readonly secretsIn: 'keychain' | 'memory';
  /** The endpoint's base URL; empty until it listens. */
  readonly endpointUrl: () => string;
  readonly mainPort: Pick<MainPort, 'move'>;
  /** The profiles with a port of their own. */
  readonly ownPorts: Pick<OwnPorts, 'list' | 'onChange'>;
  /** Whether `http://169.254.169.254/` leads here. */
  readonly linkLocalIsOn: () => boolean;
  readonly openInterface: OpenInterface;
  readonly oneTimePages: Pick<OneTimePages, 'leadTo'>;
  readonly openInBrowser: OpenInBrowser | undefined;
  /** Undefined where there is no desktop. */
  readonly copySecret: CopySecret | undefined;
}
