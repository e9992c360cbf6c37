/** What a launcher was allowed holds for what it starts, as long as the launch is open. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Grant } from '../../main/approvals/approvals.ts';
import type { Process } from '../../main/platform/ports.ts';
import { composeProcess } from '../fixtures/clients.ts';
import { needs } from '../platform/needs.ts';
import { inlineProgram, isSettled, Scene, shell } from './approvals-scene.ts';

const onLinux = needs(process.platform === 'linux', 'running programs are read from /proc on Linux only');

/** It has no terminal, so that nothing else than it holds what it starts together. */
const launcher: Process = composeProcess({ pid: 5_004_900, start: 1, name: 'latchkey' });
const launched = inlineProgram(launcher);

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Whether what the launcher starts is allowed it at once; else it waits for a person. */
const isAllowed = () => isSettled(scene.asked(launched));

describe.skipIf(onLinux.missing)(`what was allowed for once${onLinux.note}`, () => {
  let grant: Grant;
  beforeEach(async () => {
    grant = await scene.allowed(await scene.program('terraform', shell), 'once');
  });

  test('is for one launch then, and for all that is started in it', async () => {
    using _launch = scene.approvals.passOn(grant, 'prod', launcher);
    expect(grant.isValid()).toBe(false);
    expect([await isAllowed(), await isAllowed()]).toEqual([true, true]);
  });

  test('ends with the launch', async () => {
    scene.approvals.passOn(grant, 'prod', launcher)[Symbol.dispose]();
    expect(scene.approvals.approvals()).toEqual([]);
    expect(await isAllowed()).toBe(false);
  });

  test('ends with the launcher', async () => {
    using _launch = scene.approvals.passOn(grant, 'prod', launcher);
    scene.ended.add(launcher.pid);
    expect(await isAllowed()).toBe(false);
  });

  test('is for no other profile', async () => {
    using _launch = scene.approvals.passOn(grant, 'prod', launcher);
    await scene.expectWaits(launched, 'stage');
  });
});

describe.skipIf(onLinux.missing)(`what was allowed for 8 hours${onLinux.note}`, () => {
  test('is taken back from what a launcher has started, too', async () => {
    const grant = await scene.allowed(await scene.program('terraform', shell), 'hours');
    const [approval] = scene.approvals.approvals();
    using _launch = scene.approvals.passOn(grant, 'prod', launcher);
    expect(await isAllowed()).toBe(true);
    await scene.approvals.revoke(approval?.id ?? '');
    expect(await isAllowed()).toBe(false);
  });
});

describe.skipIf(onLinux.missing)(`what was allowed for a process tree${onLinux.note}`, () => {
  test('is for its launches as it is, with no approval of their own', async () => {
    const grant = await scene.allowed(await scene.program('terraform', shell), 'tree');
    using _launch = scene.approvals.passOn(grant, 'prod', launcher);
    expect(scene.approvals.approvals()).toMatchObject([{ allowance: 'tree' }]);
    expect(grant.isValid()).toBe(true);
  });
});
