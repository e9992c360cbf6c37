import { lstat, readlink, realpath } from 'node:fs/promises';
import { dirname } from 'node:path/posix';

/** Linux follows as many links: path_resolution(7). */
const mostLinks = 40;

export interface RealPath {
  readonly path: string;
  /** When the last of the links on the way was made, in milliseconds since the Unix epoch; 0 where there is none. */
  readonly linkedAtMs: number;
}

/**
 * The file that another process means by an absolute path, with no links in it; undefined where there is none.
 * Neither where the path leads through `/proc` or `/dev`: `/dev/stdin` and `/proc/self/cwd` are another thing to each
 * process that follows them. Never rejects.
 */
export async function realPath(path: string): Promise<RealPath | undefined> {
  try {
    return process.platform === 'win32' ? { path: await realpath(path), linkedAtMs: 0 } : await follow(path);
  } catch {
    return undefined;
  }
}

async function follow(path: string): Promise<RealPath | undefined> {
  const parts = path.split('/').reverse();
  let [real, links, linkedAtMs] = ['/', 0, 0];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      real = dirname(real);
      continue;
    }
    const next = real === '/' ? `/${part}` : `${real}/${part}`;
    if (next === '/proc' || next === '/dev') return undefined;
    const file = await lstat(next);
    if (!file.isSymbolicLink()) {
      real = next;
      continue;
    }
    if (++links > mostLinks) return undefined;
    linkedAtMs = Math.max(linkedAtMs, file.ctimeMs);
    const target = await readlink(next);
    if (target.startsWith('/')) real = '/';
    parts.push(...target.split('/').reverse());
  }
  return { path: real, linkedAtMs };
}
