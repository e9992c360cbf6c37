import { createHash } from 'node:crypto';
import type { Client, Process } from '../platform/ports.ts';
import type { ProgramIdentity } from '../clients/access.ts';
import { treeRootOf } from './process-tree.ts';
import { identityKey } from './program-identity.ts';
import { identityInWords, processInWords } from './program-words.ts';

/** A program that asks for a profile, with all that the answer depends on. */
export interface Asker {
  readonly client: Client;
  readonly profile: string;
  /** Undefined where it cannot be known again. */
  readonly identity: ProgramIdentity | undefined;
  /** The process whose tree it belongs to. */
  readonly root: Process;
  /** What has started it, and will if a person starts it anew: the tree's root, or with no terminal its parent. */
  readonly origin: Process;
  /** Equal where the same program asks for the same profile from the same origin, and nowhere else. */
  readonly key: string;
}

export function askerOf(client: Client, profile: string, identity: ProgramIdentity | undefined): Asker {
  const root = treeRootOf(client);
  const origin = client.process.terminal === undefined ? (client.parents[0] ?? root) : root;
  const key = createHash('sha256')
    .update(JSON.stringify([profile, origin.pid, origin.start, programKey(client.process, identity)]))
    .digest('base64url');
  return { client, profile, identity, root, origin, key };
}

/** Without an identity it is the same program where it was started with the same arguments, or else is the same process. */
function programKey(
  { executable, commandLine, pid, start }: Process,
  identity: ProgramIdentity | undefined,
): unknown[] {
  if (identity) return ['identity', identityKey(identity)];
  if (commandLine.length > 0) return ['command line', executable ?? null, ...commandLine];
  return ['process', pid, start];
}

/** The program in words. */
export function askerInWords({ client, identity }: Asker): string {
  return identity ? identityInWords(identity) : processInWords(client.process);
}
