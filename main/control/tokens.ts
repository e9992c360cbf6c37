/** Tokens of the container endpoint that a person makes. */
import { Failure } from '../failure.ts';
import type { BrokerParts } from './parts.ts';

/**
 * Makes a named token and puts it on the desktop's clipboard: who asked is told the address alone. A token that could
 * not be copied is revoked, since nobody has it.
 * @throws Failure Refused where there is no desktop or it did not take it; as `ContainerTokens.create`
 */
export async function copyNewToken(
  parts: Pick<BrokerParts, 'clients' | 'copySecret' | 'endpointUrl'>,
  name: string,
  profile: string,
): Promise<string> {
  const { copySecret, clients } = parts;
  const otherwise = `Type in a terminal: latchkey token add ${name} ${profile}`;
  if (!copySecret)
    throw new Failure('Refused', `Latchkey runs without a desktop and has no clipboard. ${otherwise}`);
  const token = await clients.containerTokens.create(name, profile);
  try {
    await copySecret(token);
  } catch (error) {
    await clients.containerTokens.revoke(name);
    throw new Failure('Refused', `The desktop’s clipboard did not take the token. ${otherwise}`, {
      cause: error,
    });
  }
  return tokenUrl(parts, profile);
}

/** Where a profile's tokens are taken: the value of `AWS_CONTAINER_CREDENTIALS_FULL_URI`. */
export function tokenUrl({ endpointUrl }: Pick<BrokerParts, 'endpointUrl'>, profile: string): string {
  return `${endpointUrl()}container/${profile}`;
}
