import { expect, test } from 'vitest';
import { programBehind } from '../../main/clients/behind-commands.ts';
import type { Process } from '../../main/platform/ports.ts';
import { composeProcess } from '../fixtures/clients.ts';

let pid = 1000;
const run = (executable: string, ...args: string[]): Process =>
  composeProcess({ pid: pid++, executable, name: executable, commandLine: [executable, ...args] });

const curl = run('/usr/bin/curl', '-sf', '--unix-socket', '/run/x', 'http://latchkey/credentials/a');
const latchkey = run('/usr/bin/node', '/opt/latchkey/dist/command/latchkey.cjs', 'credentials', 'a');
const viaShell = run('/bin/sh', '-c', 'latchkey credentials a');
const go = run('/usr/local/bin/terraform', 'plan');
const shell = run('/bin/bash');
const script = run('/bin/bash', '/home/alice/deploy.sh');
const otherNode = run('/usr/bin/node', '/home/alice/server.js');

test.each<[string, Process[], Process]>([
  ['curl stands for what started it', [curl, go, shell], go],
  ['the latchkey command stands for what started it', [latchkey, go, shell], go],
  ['so do both behind a shell with -c', [curl, viaShell, go], go],
  ['a shell that a person types in is the program', [curl, shell], shell],
  ['a shell script is the program', [curl, script, shell], script],
  ['another program of Node is itself', [otherNode, shell], otherNode],
  ['curl without parents is itself', [curl], curl],
  ['what is only commands is the client itself', [latchkey, viaShell], latchkey],
])('%s', (_case, [process = curl, ...parents], expected) => {
  const behind = programBehind({ process, parents, forwarder: undefined });
  expect(behind.process).toBe(expected);
  expect(behind.command).toBe(expected === process ? undefined : process);
  expect(behind.parents).toEqual([process, ...parents].slice([process, ...parents].indexOf(expected) + 1));
});
