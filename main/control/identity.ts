/** What a program in a command's place gets: the profile, the rule that decides it, and who it is with that at AWS. */
import type { Identity } from '../../preload/contract.ts';
import type { Chosen } from '../clients/profile-choice.ts';
import { Failure } from '../failure.ts';
import type { Client } from '../platform/ports.ts';
import { parseRoleArn } from '../profiles/profile.ts';
import { chainOf } from '../sessions/chain.ts';
import type { BrokerParts } from './parts.ts';
import { sessionArn, sessionView } from './views.ts';

/**
 * What a program in `client`'s terminal and folder gets. Nothing is acquired for that.
 * @param address where its environment sends SDKs, if anywhere
 * @throws Failure NotFound, Locked or Refused: why it gets nothing
 */
export async function identityOf(
  parts: BrokerParts,
  client: Client | undefined,
  address: string | undefined,
): Promise<Identity> {
  const { connections, source } = parts.clients;
  const chosen =
    chosenAt(parts, address) ?? (await source.choose(connections.add(() => Promise.resolve(client))));
  if (chosen instanceof Failure) throw chosen;
  const { profile, rule } = chosen;
  const own =
    rule === 'port' ? parts.ownPorts.list().find((port) => port.profile === profile.name) : undefined;
  return {
    profile: profile.name,
    rule,
    accountId: parseRoleArn(profile.roleArn)?.accountId ?? '',
    roleArn: profile.roleArn,
    arn: sessionArn(profile, chainOf(parts.configuration.current, profile).sessionName),
    protected: profile.protected,
    session: sessionView(parts.sessions.standing(profile.name)),
    endpoint: own?.url ?? parts.endpointUrl(),
  };
}

/** The profile whose own address it is; undefined for one that serves several, or is not ours. */
function chosenAt(
  { clients, ownPorts, endpointUrl }: BrokerParts,
  address: string | undefined,
): Chosen | Failure | undefined {
  if (address === undefined) return undefined;
  const containers = `${endpointUrl()}container/`;
  if (address.startsWith(containers)) return clients.source.named(address.slice(containers.length), 'name');
  // The trailing slash may be left out of what SDKs are given.
  const own = ownPorts.list().find(({ url }) => url === address || url === `${address}/`);
  return own && clients.source.named(own.profile, 'port');
}
