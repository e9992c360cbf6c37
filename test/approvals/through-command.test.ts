import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Client } from '../../main/platform/ports.ts';
import { composeProcess } from '../fixtures/clients.ts';
import { needs } from '../platform/needs.ts';
import { Scene, shell } from './approvals-scene.ts';

const onLinux = needs(process.platform === 'linux', 'running programs are read from /proc on Linux only');

const commandOf = (...commandLine: string[]) => composeProcess({ commandLine });

let scene: Scene;
let itself: Client;
let throughCommand: Client;

beforeEach(async () => {
  scene = await Scene.open();
  itself = await scene.program('terraform', shell);
  // A process can start curl, and become terraform then: curl asks for a program that never started it.
  throughCommand = { ...itself, command: commandOf('curl', 'http://latchkey/credentials/production') };
});
afterEach(() => scene[Symbol.asyncDispose]());

describe.skipIf(onLinux.missing)(`a program that is allowed always${onLinux.note}`, () => {
  test('when it asked itself is not allowed what a command asks for it', async () => {
    await scene.allowed(itself, 'always');
    expect((await scene.asked(itself)).allowance).toBe('always');
    await scene.expectWaits(throughCommand);
  });

  test('when a command asked for it is not allowed what it asks itself, and is said to be that', async () => {
    await scene.allowed(throughCommand, 'always');
    const [approval] = scene.approvals.approvals();
    expect(approval?.program).toMatch(/^terraform \(.*\), through a command$/);
    await scene.restart();
    expect((await scene.asked(throughCommand)).allowance).toBe('always');
    await scene.expectWaits(itself);
  });
});

describe.skipIf(onLinux.missing)(`what a command asks in a program’s name${onLinux.note}`, () => {
  test('is shown with the command, of which a person decides each by itself', async () => {
    const list = { ...itself, command: commandOf('latchkey', 'exec', 'production', '--', 'aws', 's3', 'ls') };
    const remove = {
      ...itself,
      command: commandOf('latchkey', 'exec', 'production', '--', 'aws', 's3', 'rb'),
    };
    for (const asker of [list, remove, list]) scene.asked(asker).catch(() => undefined);
    await vi.waitFor(() =>
      expect(scene.approvals.requests().map(({ program }) => program.command)).toEqual([
        'latchkey exec production -- aws s3 ls',
        'latchkey exec production -- aws s3 rb',
      ]),
    );
  });
});
