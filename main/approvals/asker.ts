import { createHash } from 'node:crypto';
import type { Client, Process } from '../platform/ports.ts';
import type { ProgramIdentity } from '../clients/access.ts';
import { groupOf, isShellForCommand, treeRootOf } from './process-tree.ts';
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
  /**
   * What has started it, and will if a person starts it anew: the tree's root, or with no terminal its parent, beyond
   * shells that live as long as it does.
   */
  readonly origin: Process;
  /** Which programs it shares its places and its denials with, see `groupOf`. */
  readonly group: string;
  /** Equal where the same program asks for the same profile from the same origin, by the same command, and nowhere else. */
  readonly key: string;
  /**
   * Equal for all that a denial of it is for. Of what cannot be known again that is all that its executable runs in the
   * group: the rest of what tells one start from another, a program chooses that starts it.
   */
  readonly denialKey: string;
}

export function askerOf(client: Client, profile: string, identity: ProgramIdentity | undefined): Asker {
  const root = treeRootOf(client);
  const { process, parents, command } = client;
  const origin =
    process.terminal === undefined ? (parents.find((parent) => !isShellForCommand(parent)) ?? root) : root;
  const group = groupOf(client);
  const through = command?.commandLine ?? null;
  const key = hashOf([profile, origin.pid, origin.start, programKey(process, identity), through]);
  const denied = identity ? identityKey(identity) : (process.executable ?? [process.pid, process.start]);
  const denialKey = hashOf([profile, group, denied]);
  return { client, profile, identity, root, origin, group, key, denialKey };
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
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
