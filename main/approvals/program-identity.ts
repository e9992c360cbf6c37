/** By what a program is known again when it asks the next time. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, readFile, readlink, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { FileHashes } from '../platform/file-hash.ts';
import type { Client, Clock, Process, ProcessIdentity } from '../platform/ports.ts';
import { interpreterOf, isGeneral, scriptOf, type Interpreter } from '../platform/program-name.ts';
import { realPath } from '../platform/real-path.ts';
import type { ProgramIdentity } from '../clients/access.ts';
import { groupOf } from './process-tree.ts';

/** How exactly the start of a process is known: a script must not have changed since so long before it. */
const startPrecisionMs = 1_000;

// Not waiting for somebody to write into a pipe; a file system of Windows knows neither flag.
const reading = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Tells by what a running program is known again: a compiled one by its path and the hash of the file that runs, one
 * that an interpreter runs by the interpreter's path, the options before the script, and the script's path and hash.
 *
 * It says which file runs, not that nothing else does: the environment (`LD_PRELOAD`, `PYTHONPATH`), what a script
 * imports, or a process of the same user that rewrites its own arguments or environment, is beyond what it can see. So is what stood at
 * the script's path when it was started, where a folder above it was renamed and renamed back: that leaves no trace on
 * the file. And a program that is started with a `PWD` made up can go to that folder, and be taken for a script there.
 */
export class ProgramIdentities {
  readonly #hashes: FileHashes;
  readonly #isRunning: (process: ProcessIdentity) => boolean;

  constructor(clock: Clock, isRunning: (process: ProcessIdentity) => boolean) {
    this.#hashes = new FileHashes(clock);
    this.#isRunning = isRunning;
  }

  /**
   * Undefined where a program has no code in a file of its own to be known by: text in an argument, a module, what is
   * typed in; programs that run or pass on whatever they are given; what has ended or changed meanwhile. Never rejects.
   */
  async of(client: Client): Promise<ProgramIdentity | undefined> {
    const { process: asker, forwarder } = client;
    const { executable } = asker;
    const group = groupOf(client);
    // Containers cannot be told from one another by what passes their requests on.
    if (executable === undefined || forwarder !== undefined || isGeneral(executable)) return undefined;
    const interpreter = interpreterOf(executable);
    try {
      const identity = interpreter
        ? await this.#ofScript(asker, executable, interpreter, group)
        : await this.#ofExecutable(asker, executable, group);
      return identity && client.command ? { ...identity, throughCommand: true } : identity;
    } catch {
      return undefined;
    }
  }

  async #ofExecutable(asker: Process, path: string, group: string): Promise<ProgramIdentity | undefined> {
    if (await isElectron(path)) return undefined;
    // On Linux the file that runs, though another may stand at its path by now.
    const file = await open(isOnLinux ? `/proc/${asker.pid}/exe` : path, reading);
    try {
      if (!(await this.#stillRuns(asker, path))) return undefined;
      const hashed = await this.#hashes.of(file, group);
      if (!hashed || (!isOnLinux && isYounger(hashed.changedAtMs, asker))) return undefined;
      return { kind: 'executable', path, sha256: hashed.sha256 };
    } finally {
      close(file);
    }
  }

  async #ofScript(
    asker: Process,
    interpreterPath: string,
    interpreter: Interpreter,
    group: string,
  ): Promise<ProgramIdentity | undefined> {
    const script = scriptOf(interpreter, asker.commandLine);
    if (!script?.isFile || !(await seesOurFiles(asker)) || !(await this.#stillRuns(asker, interpreterPath)))
      return undefined;
    const folder = await folderAtStart(asker);
    const options = optionsHash(script.options, interpreter, folder);
    // Joined as it is: what `..` leads to after a link, the file system says.
    const path = isAbsolute(script.name) ? script.name : folder && `${folder}/${script.name}`;
    const real = path === undefined || options === undefined ? undefined : await realPath(path);
    if (real === undefined || options === undefined || isYounger(real.linkedAtMs, asker)) return undefined;
    const file = await open(real.path, reading | constants.O_NOFOLLOW);
    try {
      const hashed = await this.#hashes.of(file, group);
      // It was read when the process began: what is there since is not what runs.
      if (!hashed || isYounger(hashed.changedAtMs, asker)) return undefined;
      const { sha256 } = hashed;
      return { kind: 'script', interpreter: interpreterPath, options, script: real.path, sha256 };
    } finally {
      close(file);
    }
  }

  /** Whether the process is still the one that asked, and has not gone on to run another executable. */
  async #stillRuns(asker: Process, executable: string): Promise<boolean> {
    if (isOnLinux) {
      const running = await readlink(`/proc/${asker.pid}/exe`);
      if (running.replace(/ \(deleted\)$/, '') !== executable) return false;
    }
    return this.#isRunning(asker);
  }
}

const isOnLinux = process.platform === 'linux';

/** A text that is equal for the same program, and for no other. */
export function identityKey(identity: ProgramIdentity): string {
  return JSON.stringify(
    identity.kind === 'executable'
      ? [identity.path, identity.sha256, identity.throughCommand]
      : [identity.interpreter, identity.options, identity.script, identity.sha256, identity.throughCommand],
  );
}

function isYounger(timeMs: number, asker: Process): boolean {
  return timeMs > asker.startedAtMs - startPrecisionMs;
}

/** Without waiting: a read that was given up may hang. */
function close(file: FileHandle): void {
  file.close().catch(() => undefined);
}

/**
 * Whether an executable is Electron, under whatever name: with `ELECTRON_RUN_AS_NODE` it runs any script. By a file that
 * all of its programs have beside them, as those that are made with Chromium alone do.
 */
function isElectron(executable: string): Promise<boolean> {
  const snapshot = join(dirname(executable), 'v8_context_snapshot.bin');
  return access(snapshot).then(
    () => true,
    () => false,
  );
}

/**
 * The folder that a process was started in: what it is in now, where `PWD` says that it was then. Else it may have gone
 * there since, and relative names meant something else when it was started. Undefined where that cannot be told.
 */
async function folderAtStart(asker: Process): Promise<string | undefined> {
  const { pid, workingFolder } = asker;
  if (!isOnLinux || workingFolder === undefined) return undefined;
  // As it was at the start, by proc_pid_environ(5). It may hold secrets: nothing else of it is looked at.
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  const folder = /(?:^|\0)PWD=([^\0]*)/.exec(environment)?.[1];
  const real = folder?.startsWith('/') ? await realPath(folder) : undefined;
  return real?.path === workingFolder && !isYounger(real.linkedAtMs, asker) ? workingFolder : undefined;
}

/**
 * Whether the same path is the same file to a process as to this one. In a mount namespace or behind a root folder of
 * its own (a container, a sandbox; any user can make one) it may be another.
 */
async function seesOurFiles({ pid }: ProcessIdentity): Promise<boolean> {
  if (!isOnLinux) return true;
  for (const view of ['ns/mnt', 'root']) {
    if ((await readlink(`/proc/${pid}/${view}`)) !== (await readlink(`/proc/self/${view}`))) return false;
  }
  return true;
}

/**
 * The hash of an interpreter's options, with the folder that paths in them start from where one may be meant; null where
 * there are none, undefined where that folder is unknown.
 * @param workingFolder that of its start
 */
function optionsHash(
  options: readonly string[],
  { flags }: Interpreter,
  workingFolder: string | undefined,
): string | null | undefined {
  if (options.length === 0) return null;
  const areFlags = options.every((option) => flags?.test(option));
  if (!areFlags && workingFolder === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([areFlags ? null : workingFolder, ...options]))
    .digest('hex');
}
