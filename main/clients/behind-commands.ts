import { isShellForCommand } from '../approvals/process-tree.ts';
import { forwarderOf } from '../platform/process-chain.ts';
import { fileName, interpreterOf, scriptOf } from '../platform/program-name.ts';
import type { Client, Process } from '../platform/ports.ts';

/**
 * The program that a `credential_process` fetches credentials for: not curl, the `latchkey` command or the `sh -c` that
 * an SDK starts them with, but the nearest parent beyond them; where there is none, the client itself.
 *
 * By its name alone a program is passed over, and its parent speaks for it: what that was allowed, what it started can
 * have in this way.
 */
export function programBehind(client: Client): Client {
  const { parents } = client;
  if (!isOnTheWay(client.process)) return client;
  const place = parents.findIndex((parent) => !isOnTheWay(parent));
  const process = parents[place];
  if (process === undefined) return client;
  return {
    process,
    parents: parents.slice(place + 1),
    forwarder: forwarderOf(process.executable, process.name),
    command: client.process,
  };
}

function isOnTheWay(process: Process): boolean {
  const { executable, name, commandLine } = process;
  if (isShellForCommand(process)) return true;
  const interpreter = executable === undefined ? undefined : interpreterOf(executable);
  if (!interpreter) return fileName(executable ?? name) === 'curl';
  const script = scriptOf(interpreter, commandLine);
  return script !== undefined && /^latchkey(\.cjs)?$/.test(fileName(script.name));
}
