/** The private folder of a launch: what its program reads, and nobody else. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { ensurePrivateFolder } from '../platform/private-folder.ts';

/**
 * A folder for files of one launch, made with the first of them and removed with its owner. The one of a launch that
 * was killed is removed by the next that makes one.
 */
export class LaunchFolder implements Disposable {
  #path: string | undefined;

  /** Its path; the folder is made where it is not there yet. @throws Failure ConfigUnreadable where none can be had */
  async path(): Promise<string> {
    if (this.#path !== undefined) return this.#path;
    const parent = launchesFolder();
    ensurePrivateFolder(parent);
    removeLeftovers(parent);
    // 0700, as every folder of mkdtemp(3).
    this.#path = mkdtempSync(join(parent, `${prefix}${pidNamespace()}-${process.pid}-`));
    return this.#path;
  }

  /** Writes a file (0600), and gives its path. */
  async write(name: string, content: string | Buffer): Promise<string> {
    const path = join(await this.path(), name);
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
    return path;
  }

  [Symbol.dispose](): void {
    if (this.#path !== undefined) rmSync(this.#path, { recursive: true, force: true });
  }
}

const prefix = 'launch-';

/** In memory where there is such a folder, which a restart empties; else in a folder of ours among the temporary ones. */
function launchesFolder(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && isAbsolute(runtime)) return join(runtime, 'latchkey');
  return join(tmpdir(), `latchkey-${String(process.getuid?.() ?? 0)}-launches`);
}

function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, namespace, pid] = new RegExp(`^${prefix}(\\d+)-(\\d+)-`).exec(basename(name)) ?? [];
    if (namespace !== pidNamespace() || pid === undefined || isRunning(Number(pid))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/**
 * By which the processes are told apart that have the same number: a container may share the folder. Its number on
 * Linux, see pid_namespaces(7); elsewhere there is but one.
 */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
