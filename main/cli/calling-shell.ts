/** The shell that a command was typed in. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Shell } from './shell-lines.ts';

/** The shell whose lines this process's parent reads, as far as can be told; else `sh`. */
export function callingShell(): Shell {
  if (process.platform === 'win32') {
    // PowerShell adds the person's own folder to it; in cmd it has the machine's alone.
    const paths = (process.env['PSModulePath'] ?? '').split(';');
    return paths.some((path) => /\\Documents\\/i.test(path)) ? 'powershell' : 'cmd';
  }
  const name = nameOfParent();
  if (name === 'fish') return 'fish';
  return name === 'pwsh' ? 'powershell' : 'sh';
}

function nameOfParent(): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim();
    const { stdout } = spawnSync('ps', ['-o', 'comm=', '-p', String(process.ppid)], { encoding: 'utf8' });
    return stdout.trim().replace(/^(?:.*\/|-)/, '');
  } catch {
    return '';
  }
}
