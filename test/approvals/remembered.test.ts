import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Allowance } from '../../main/approvals/approvals.ts';
import { Failure } from '../../main/failure.ts';
import { Profiles } from '../../main/profiles/profiles.ts';
import { needs } from '../platform/needs.ts';
import { changed, otherShell, profile, replaceFile, Scene, shell, until } from './approvals-scene.ts';

const onLinux = needs(process.platform === 'linux', 'running programs are read from /proc on Linux only');
const minute = 60_000;
const hour = 60 * minute;

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

describe.skipIf(onLinux.missing)(`allowed for 8 hours, or always${onLinux.note}`, () => {
  test.each(['hours', 'always'] as const)('%s: is for this program wherever it runs', async (allowance) => {
    await scene.allowed(await scene.program('terraform', shell), allowance);
    const grant = await scene.asked(await scene.program('terraform', otherShell));
    expect([grant.allowance, grant.isValid()]).toEqual([allowance, true]);
    grant.use();
    expect(grant.isValid()).toBe(true);
    await scene.expectWaits(await scene.program('pulumi', shell));
    await scene.expectWaits(await scene.program('terraform', shell), 'stage');
  });

  test.each(['hours', 'always'] as const)(
    '%s: is remembered when Latchkey starts anew',
    async (allowance) => {
      await scene.allowed(await scene.program('terraform', shell), allowance);
      await scene.restart();
      expect((await scene.asked(await scene.program('terraform', shell))).allowance).toBe(allowance);
    },
  );

  test('is for those of the same program who wait already', async () => {
    const waiting = scene.asked(await scene.program('terraform', otherShell));
    await scene.theRequest();
    await scene.allowed(await scene.program('terraform', shell), 'always');
    expect((await waiting).allowance).toBe('always');
  });

  test('is not for another program in the place of its file', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'always');
    replaceFile(terraform);
    await scene.expectWaits(await scene.program('terraform', shell));
  });

  test('hours: is over after 8 hours, also where the wall clock is set back or the machine sleeps', async () => {
    for (const pass of [
      () => scene.clock.advance(8 * hour),
      () => {
        scene.clock.setWallClock(-24 * hour);
        scene.clock.advance(8 * hour);
      },
      () => scene.clock.sleep(8 * hour),
    ]) {
      const terraform = await scene.program('terraform', shell);
      const grant = await scene.allowed(terraform, 'hours');
      expect(grant.isValid()).toBe(true);
      pass();
      expect(grant.isValid()).toBe(false);
      expect(scene.approvals.approvals()).toEqual([]);
      await scene.expectWaits(terraform);
      scene.approvals.deny((await scene.theRequest()).id);
      scene.clock.advance(5 * minute);
    }
  });

  test('hours: is not longer than 8 hours more where the clock was set back while Latchkey did not run', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'hours');
    scene.clock.setWallClock(-24 * hour);
    await scene.restart();
    expect((await scene.asked(terraform)).allowance).toBe('hours');
    scene.clock.advance(8 * hour);
    await scene.expectWaits(terraform);
  });

  test('hours: is taken out of config.json when it is over', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'hours');
    expect(scene.configuration.current.approvals).toHaveLength(1);
    scene.clock.advance(8 * hour);
    await until(() => scene.configuration.current.approvals.length === 0);
  });

  test('takes the place of an earlier one of the same program', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'hours');
    scene.clock.advance(8 * hour - 1);
    void scene.asked(terraform);
    scene.clock.advance(1);
    await scene.allowed(terraform, 'always');
    expect(scene.configuration.current.approvals).toMatchObject([{ untilMs: null }]);
  });

  test('keeps nothing of the command line', async () => {
    await scene.allowed(
      changed(await scene.program('terraform', shell), { commandLine: ['terraform', 'secret'] }),
      'always',
    );
    expect(readFileSync(join(scene.home, 'config.json'), 'utf8')).not.toContain('secret');
  });

  test('is not allowed where it cannot be written down, and the request stays', async () => {
    void scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    const unwritable = makeUnwritable();
    await expect(scene.approvals.allow(id, 'always')).rejects.toThrow();
    expect(scene.approvals.approvals()).toEqual([]);
    unwritable[Symbol.dispose]();
    await scene.approvals.allow(id, 'always');
    expect(scene.approvals.approvals()).toMatchObject([{ allowance: 'always' }]);
  });
});

describe.skipIf(onLinux.missing)(`revoking${onLinux.note}`, () => {
  test.each(['once', 'tree', 'hours', 'always'] as const)(
    'ends what was allowed (%s) at once, also on a connection that is open',
    async (allowance) => {
      const terraform = await scene.program('terraform', shell);
      const grant = await scene.allowed(terraform, allowance);
      const [approval] = scene.approvals.approvals();
      const revoked = scene.approvals.revoke(approval?.id ?? '');
      expect(grant.isValid()).toBe(false);
      await revoked;
      expect([scene.approvals.approvals(), scene.configuration.current.approvals]).toEqual([[], []]);
      await scene.expectWaits(terraform);
    },
  );

  test('one ends no other', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'always');
    const tree = await scene.allowed(await scene.program('pulumi', shell), 'tree');
    const always = scene.approvals.approvals().find(({ allowance }) => allowance === 'always');
    scene.ended.add(otherShell.pid);
    await scene.approvals.revoke(always?.id ?? '');
    expect(scene.approvals.approvals()).toMatchObject([{ allowance: 'tree' }]);
    expect(tree.isValid()).toBe(true);
  });

  test('is written down though an approval of a process tree has ended meanwhile', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'always');
    await scene.allowed(await scene.program('pulumi', otherShell), 'tree');
    const always = scene.approvals.approvals().find(({ allowance }) => allowance === 'always');
    scene.ended.add(otherShell.pid);
    await scene.approvals.revoke(always?.id ?? '');
    expect(scene.configuration.current.approvals).toEqual([]);
  });

  test('holds also where it cannot be written down', async () => {
    const grant = await scene.allowed(await scene.program('terraform', shell), 'always');
    const [approval] = scene.approvals.approvals();
    makeUnwritable();
    await expect(scene.approvals.revoke(approval?.id ?? '')).rejects.toThrow();
    expect(grant.isValid()).toBe(false);
    expect(scene.approvals.approvals()).toEqual([]);
  });

  test('what is not there is said', async () => {
    await expect(scene.approvals.revoke('nothing')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(scene.approvals.allow('nothing', 'once')).rejects.toMatchObject({ code: 'NotFound' });
    expect(() => {
      scene.approvals.deny('nothing');
    }).toThrow(Failure);
  });
});

describe.skipIf(onLinux.missing)(`when a profile changes${onLinux.note}`, () => {
  const changes: [string, (profiles: Profiles) => Promise<void>][] = [
    ['it is removed', (profiles) => profiles.remove('prod')],
    ['it is renamed', (profiles) => profiles.save(profile('production'), 'prod')],
    [
      'it leads to another role',
      (profiles) =>
        profiles.save(profile('prod', { roleArn: 'arn:aws:iam::444455556666:role/Other' }), 'prod'),
    ],
    [
      'its sessions have other policies',
      async (profiles) => {
        const sessionPolicyArns = ['arn:aws:iam::aws:policy/ReadOnlyAccess'];
        await profiles.save(profile('prod', { sessionPolicyArns }), 'prod');
      },
    ],
    [
      'it gets another base',
      (profiles) => profiles.save(profile('prod', { base: { profile: 'stage' } }), 'prod'),
    ],
  ];
  const allowances: Allowance[] = ['once', 'tree', 'hours', 'always'];
  const rows = changes.flatMap(([what, change]) =>
    allowances.map((allowance) => ({ what, change, allowance })),
  );

  test.each(rows)('so that $what, what was allowed ($allowance) ends', async ({ change, allowance }) => {
    const grant = await scene.allowed(await scene.program('terraform', shell), allowance);
    await change(new Profiles(scene.configuration));
    expect(grant.isValid()).toBe(false);
    expect([scene.approvals.approvals(), scene.configuration.current.approvals]).toEqual([[], []]);
  });

  test.each(changes)('so that %s, what waits is answered', async (_, change) => {
    const answer = scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    await change(new Profiles(scene.configuration));
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    await expect(scene.approvals.allow(id, 'always')).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('no approval is in the file for a moment that is for the new role', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'always');
    const profiles = new Profiles(scene.configuration);
    let seen: number | undefined;
    scene.configuration.onChange(() => (seen ??= scene.configuration.current.approvals.length));
    await profiles.save(profile('prod', { roleArn: 'arn:aws:iam::444455556666:role/Other' }), 'prod');
    expect(seen).toBe(0);
  });

  test('while an approval of it is being written down, that is not for the new role', async () => {
    void scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    const profiles = new Profiles(scene.configuration);
    // Its partition is checked first, so this one is the later to write.
    const changed = scene.configuration.update((current) => ({
      ...current,
      profiles: [profile('prod', { roleArn: 'arn:aws:iam::444455556666:role/Other' }), profile('stage')],
    }));
    await expect(scene.approvals.allow(id, 'always')).rejects.toMatchObject({ code: 'NotFound' });
    await changed;
    await profiles.save(profile('prod'), 'prod');
    expect(scene.configuration.current.approvals).toEqual([]);
  });

  test('in another way, or another one does, what was allowed stays', async () => {
    const grant = await scene.allowed(await scene.program('terraform', shell), 'always');
    const profiles = new Profiles(scene.configuration);
    await profiles.save(profile('prod', { region: 'eu-west-1', colour: 'red' }), 'prod');
    await profiles.remove('stage');
    expect(grant.isValid()).toBe(true);
  });
});

/** Puts a folder in the place of config.json, which no file can replace. */
function makeUnwritable(): Disposable {
  const path = join(scene.home, 'config.json');
  rmSync(path);
  mkdirSync(join(path, 'inner'), { recursive: true });
  return { [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
