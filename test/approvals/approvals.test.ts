import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../main/failure.ts';
import type { Client, Process } from '../../main/platform/ports.ts';
import { needs } from '../platform/needs.ts';
import {
  changed,
  inlineProgram,
  isSettled,
  otherShell,
  replaceFile,
  Scene,
  shell,
  until,
} from './approvals-scene.ts';

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

describe.skipIf(onLinux.missing)(`a program that nobody has allowed${onLinux.note}`, () => {
  test('waits, and a person is shown what asks, where, for which profile, and what can be allowed', async () => {
    const terraform = await scene.program('terraform', shell);
    const answer = scene.asked(terraform);
    const request = await scene.theRequest();
    const { executable = '' } = terraform.process;
    expect(request).toEqual({
      id: request.id,
      profile: 'prod',
      program: {
        pid: terraform.process.pid,
        name: 'terraform',
        executable,
        commandLine: `${executable} -c read`,
        workingFolder: process.cwd(),
        startedAtMs: terraform.process.startedAtMs,
        terminal: '/dev/pts/3',
        parents: [{ pid: 5004711, name: 'bash' }],
        forwarder: undefined,
      },
      tree: { pid: 5004711, name: 'bash' },
      choices: ['once', 'tree', 'hours', 'always'],
      knownBy: `terraform (${executable})`,
      sinceMs: scene.clock.now(),
      untilMs: scene.clock.now() + 10 * minute,
    });
    expect(scene.approvals.request(request.id)).toMatchObject({ client: terraform, profile: 'prod' });
    expect(await isSettled(answer)).toBe(false);
  });

  test('is one request, however many connections wait', async () => {
    const terraform = await scene.program('terraform', shell);
    const answers = Array.from({ length: 20 }, () => scene.asked(terraform));
    const { id } = await scene.theRequest();
    expect(await isSettled(Promise.race(answers))).toBe(false);
    expect(scene.approvals.requests()).toHaveLength(1);
    await scene.approvals.allow(id, 'tree');
    for (const answer of answers) expect((await answer).isValid()).toBe(true);
  });

  test('is one request for each profile, program and process tree', async () => {
    const [terraform, again, elsewhere, other] = [
      await scene.program('terraform', shell),
      await scene.program('terraform', shell),
      await scene.program('terraform', otherShell),
      await scene.program('pulumi', shell),
    ];
    const answers = [terraform, again, elsewhere, other].map((one) => scene.asked(one));
    answers.push(scene.asked(terraform, 'stage'));
    await until(() => scene.approvals.requests().length >= 4);
    expect(await isSettled(Promise.race(answers))).toBe(false);
    expect(
      scene.approvals.requests().map(({ program: { name }, tree, profile }) => [name, tree.pid, profile]),
    ).toEqual(
      expect.arrayContaining([
        ['terraform', 5004711, 'prod'],
        ['terraform', 5004712, 'prod'],
        ['pulumi', 5004711, 'prod'],
        ['terraform', 5004711, 'stage'],
      ]),
    );
    expect(scene.approvals.requests()).toHaveLength(4);
  });

  test('waits ten minutes', async () => {
    const answer = scene.asked(await scene.program('terraform', shell));
    await scene.theRequest();
    scene.clock.advance(10 * minute);
    await expect(answer).rejects.toMatchObject({
      code: 'ApprovalNeeded',
      message: expect.stringContaining('ten minutes'),
    });
    expect(scene.approvals.requests()).toEqual([]);
  });

  test('waits ten minutes more when it asks again', async () => {
    const terraform = await scene.program('terraform', shell);
    const answer = scene.asked(terraform);
    await scene.theRequest();
    scene.clock.advance(9 * minute);
    void scene.asked(terraform);
    await until(() => scene.approvals.requests()[0]?.untilMs === scene.clock.now() + 10 * minute);
    scene.clock.advance(9 * minute);
    expect(await isSettled(answer)).toBe(false);
    scene.clock.advance(1 * minute);
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  });

  test('waits no longer because the wall clock is set back', async () => {
    const answer = scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    scene.clock.setWallClock(-hour);
    scene.clock.advance(10 * minute);
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    await expect(scene.approvals.allow(id, 'always')).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('waits no longer because the machine slept, and begins anew when it asks after that', async () => {
    const terraform = await scene.program('terraform', shell);
    const before = scene.asked(terraform);
    const { id } = await scene.theRequest();
    // Timers do not count sleep.
    scene.clock.sleep(10 * minute);
    expect(scene.approvals.requests()).toEqual([]);
    await expect(scene.approvals.allow(id, 'always')).rejects.toMatchObject({ code: 'NotFound' });
    void scene.asked(terraform);
    expect((await scene.theRequest()).id).not.toBe(id);
    await expect(before).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  });

  test('is refused where four of its terminal wait already, which keep nobody else from being asked about', async () => {
    for (let count = 0; count < 4; count++) void scene.asked(inlineProgram(shell, `code ${String(count)}`));
    await until(() => scene.approvals.requests().length === 4);
    await expect(scene.asked(inlineProgram(shell, 'one more'))).rejects.toMatchObject({
      code: 'ApprovalNeeded',
      message: expect.stringContaining('4 programs'),
    });
    await scene.expectWaits(await scene.program('terraform', otherShell));
  });

  test('is refused where four wait that have no terminal, whatever started them', async () => {
    for (let count = 0; count < 4; count++) void scene.asked(withoutTerminal(6_000_000 + count));
    await until(() => scene.approvals.requests().length === 4);
    await expect(scene.asked(withoutTerminal(6_000_009))).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  });

  test('counts with the terminal that the terminals it makes come from', async () => {
    for (let count = 0; count < 4; count++) void scene.asked(inlineProgram(shell, `code ${String(count)}`));
    await until(() => scene.approvals.requests().length === 4);
    const made = { ...otherShell, pid: 5_004_800, sessionId: 5_004_800, terminal: '/dev/pts/9' };
    const inside = { ...inlineProgram(made), parents: [made, shell] };
    await expect(scene.asked(inside)).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  });

  test('takes the place of the oldest of those that have most, where 32 wait', async () => {
    const terminals = Array.from({ length: 10 }, (_, index) => {
      const pid = 5_005_000 + index;
      return { ...shell, pid, sessionId: pid, terminal: `/dev/pts/${String(10 + index)}` };
    });
    // Seven with four each, one with three, one with one.
    const asked = terminals.flatMap((terminal, index) =>
      Array.from({ length: index < 7 ? 4 : index === 7 ? 3 : index === 8 ? 1 : 0 }, (_, count) =>
        scene.asked(inlineProgram(terminal, `code ${String(count)}`)),
      ),
    );
    await until(() => scene.approvals.requests().length === 32);
    const [oldest] = scene.approvals.requests();
    void scene.asked(inlineProgram(terminals[9] ?? shell, 'one more'));
    await until(() => scene.approvals.requests().some(({ tree }) => tree.pid === terminals[9]?.pid));
    expect(scene.approvals.requests()).toHaveLength(32);
    expect(scene.approvals.request(oldest?.id ?? '')).toBeUndefined();
    expect(oldest?.tree.pid).toBeLessThan(5_005_007);
    expect(await isSettled(asked.at(-1) ?? Promise.resolve())).toBe(false);
  });

  test('is refused at once where there is no such profile', async () => {
    await expect(scene.asked(await scene.program('terraform', shell), 'nowhere')).rejects.toMatchObject({
      code: 'NotFound',
    });
  });

  test('is answered when Latchkey ends', async () => {
    const answer = scene.asked(await scene.program('terraform', shell));
    await scene.theRequest();
    scene.approvals[Symbol.dispose]();
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    expect(scene.clock.waiting).toBe(0);
  });

  test('that cannot be known again is offered nothing that outlives its process tree', async () => {
    const answer = scene.asked(inlineProgram(shell));
    const { id, choices } = await scene.theRequest();
    expect(choices).toEqual(['once', 'tree']);
    for (const allowance of ['hours', 'always'] as const)
      await expect(scene.approvals.allow(id, allowance)).rejects.toMatchObject({
        code: 'InvalidInput',
        field: 'allowance',
      });
    expect(scene.configuration.current.approvals).toEqual([]);
    expect(await isSettled(answer)).toBe(false);
  });

  test('is still asked about when it has gone: what can be known again may be allowed for its next start', async () => {
    const cron = await scene.program('terraform', undefined);
    void scene.asked(cron);
    const { id, choices } = await scene.theRequest();
    expect(choices).toEqual(['once', 'tree', 'hours', 'always']);
    scene.ended.add(cron.process.pid);
    expect(scene.approvals.requests()).toMatchObject([{ id, choices: ['hours', 'always'] }]);
    await expect(scene.approvals.allow(id, 'tree')).rejects.toMatchObject({ code: 'InvalidInput' });
    await scene.approvals.allow(id, 'always');
    expect((await scene.asked(await scene.program('terraform', undefined))).allowance).toBe('always');
  });

  test('is not asked about any more once nothing could be allowed', async () => {
    const cron = { ...inlineProgram(shell), parents: [] };
    const answer = scene.asked(cron);
    await scene.theRequest();
    scene.ended.add(cron.process.pid);
    expect(scene.approvals.requests()).toEqual([]);
    scene.clock.advance(minute);
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  });
});

describe.skipIf(onLinux.missing)(`what is shown of a program${onLinux.note}`, () => {
  test('is of one line and in its own order, whatever the program calls itself', async () => {
    const terraform = await scene.program('terraform', shell);
    const disguised = changed(terraform, {
      name: 'safe\u202Egpj.exe\n',
      commandLine: ['a', '--x\u0007=\u2028y z', ''],
      workingFolder: `/home/\u200Balice\n/${'x'.repeat(5_000)}`,
    });
    void scene.asked(disguised);
    const { program: shown } = await scene.theRequest();
    expect(shown.name).toBe('safegpj.exe');
    expect(shown.commandLine).toBe('a "--x\\u0007=y z" ""');
    expect(shown.workingFolder).toMatch(/^\/home\/alice\/x{1,300}$/);
  });
});

describe.skipIf(onLinux.missing)(`allowed once${onLinux.note}`, () => {
  test('is one hand-out', async () => {
    const terraform = await scene.program('terraform', shell);
    const grant = await scene.allowed(terraform, 'once');
    expect(grant).toMatchObject({ allowance: 'once' });
    expect(grant.isValid()).toBe(true);
    grant.use();
    expect(grant.isValid()).toBe(false);
    await scene.expectWaits(terraform);
  });

  test('is for the program’s next start in the same terminal, where it did not wait', async () => {
    void scene.asked(await scene.program('terraform', shell));
    await scene.approvals.allow((await scene.theRequest()).id, 'once');
    scene.clock.advance(4 * minute);
    const grant = await scene.asked(await scene.program('terraform', shell));
    grant.use();
    await scene.expectWaits(await scene.program('terraform', shell));
  });

  test('is one hand-out for all connections that waited', async () => {
    const terraform = await scene.program('terraform', shell);
    const answers = [scene.asked(terraform), scene.asked(terraform)];
    await until(() => scene.approvals.requests().length === 1);
    expect(await isSettled(Promise.race(answers))).toBe(false);
    await scene.approvals.allow((await scene.theRequest()).id, 'once');
    const [one, other] = await Promise.all(answers);
    one?.use();
    expect(other?.isValid()).toBe(false);
  });

  test('is over after five minutes, also where the wall clock is set back or the machine sleeps', async () => {
    for (const pass of [
      () => scene.clock.advance(5 * minute),
      () => {
        scene.clock.setWallClock(-hour);
        scene.clock.advance(5 * minute);
      },
      () => scene.clock.sleep(5 * minute),
    ]) {
      const grant = await scene.allowed(await scene.program('terraform', shell), 'once');
      pass();
      expect(grant.isValid()).toBe(false);
      expect(scene.approvals.approvals()).toEqual([]);
    }
  });

  test('is not for another program, another terminal or another profile', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'once');
    await scene.expectWaits(await scene.program('pulumi', shell));
    await scene.expectWaits(await scene.program('terraform', otherShell));
    await scene.expectWaits(await scene.program('terraform', shell), 'stage');
  });

  test('is for the program whatever its arguments are, and not for another in the place of its file', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'once');
    const applies = changed(terraform, { commandLine: ['terraform', 'apply'] });
    expect((await scene.asked(applies)).allowance).toBe('once');
    replaceFile(terraform);
    await scene.expectWaits(await scene.program('terraform', shell));
  });

  test('is for the next start by the same parent where there is no terminal, and not by another', async () => {
    const [editor, other] = [inlineProgram(shell).process, inlineProgram(otherShell, 'other').process];
    const startedBy = async (parent: Process) => ({
      ...(await scene.program('terraform', undefined)),
      parents: [parent],
    });
    await scene.allowed(await startedBy(editor), 'once');
    await scene.expectWaits(await startedBy({ ...other, start: editor.start + 1 }));
    expect((await scene.asked(await startedBy(editor))).allowance).toBe('once');
  });

  test('is for the next start also where a fresh shell starts it for one command', async () => {
    const { process: editor } = inlineProgram(otherShell, 'editor');
    const startedFor = async (pid: number) => {
      const executable = '/usr/bin/dash';
      const once = { ...shell, pid, executable, commandLine: ['sh', '-c', 'terraform'], terminal: undefined };
      return { ...(await scene.program('terraform', undefined)), parents: [once, editor] };
    };
    await scene.allowed(await startedFor(5_006_001), 'once');
    expect((await scene.asked(await startedFor(5_006_002))).allowance).toBe('once');
  });

  test('is for the same command line where the program cannot be known again', async () => {
    await scene.allowed(inlineProgram(shell, 'a code'), 'once');
    await scene.expectWaits(inlineProgram(shell, 'another code'));
    expect((await scene.asked(inlineProgram(shell, 'a code'))).isValid()).toBe(true);
  });

  test('is for that process alone where nothing else of the program is known', async () => {
    const nameless = changed(inlineProgram(shell), { executable: undefined, commandLine: [] });
    await scene.allowed(nameless, 'once');
    await scene.expectWaits(changed(nameless, { pid: 5_009_998 }));
    expect((await scene.asked(nameless)).isValid()).toBe(true);
  });
});

describe.skipIf(onLinux.missing)(`allowed for the process tree${onLinux.note}`, () => {
  test('is for all that is started from the same terminal’s shell', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'tree');
    const pulumi = await scene.program('pulumi', shell);
    const hook = { ...inlineProgram(shell), parents: [pulumi.process, shell] };
    for (const one of [pulumi, hook]) expect((await scene.asked(one)).allowance).toBe('tree');
    expect(scene.approvals.approvals()).toMatchObject([
      {
        allowance: 'tree',
        program: 'everything started from bash (pid 5004711) on /dev/pts/3',
        untilMs: null,
      },
    ]);
  });

  test('is not for another terminal, or another profile', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'tree');
    await scene.expectWaits(await scene.program('terraform', otherShell));
    await scene.expectWaits(await scene.program('terraform', shell), 'stage');
  });

  test('is for those who wait in it already', async () => {
    const waiting = scene.asked(await scene.program('pulumi', shell));
    await scene.theRequest();
    await scene.allowed(await scene.program('terraform', shell), 'tree');
    expect((await waiting).allowance).toBe('tree');
    expect(scene.approvals.requests()).toEqual([]);
  });

  test('ends with the process at its root', async () => {
    const grant = await scene.allowed(await scene.program('terraform', shell), 'tree');
    scene.ended.add(shell.pid);
    expect(grant.isValid()).toBe(false);
    expect(scene.approvals.approvals()).toEqual([]);
  });

  test('is not for a process with the pid of its root', async () => {
    await scene.allowed(await scene.program('terraform', shell), 'tree');
    await scene.expectWaits(await scene.program('terraform', { ...shell, start: shell.start + 1 }));
  });

  test('is for the asker’s own tree where it has no terminal, or its session’s leader is not above it', async () => {
    const cron = await scene.program('terraform', undefined);
    const daemon = changed(await scene.program('packer', shell), { terminal: undefined });
    const astray = { ...(await scene.program('pulumi', shell)), parents: [otherShell] };
    for (const one of [cron, daemon, astray]) {
      await scene.allowed(one, 'tree');
      expect((await scene.asked(one)).allowance).toBe('tree');
    }
    await scene.expectWaits(await scene.program('terraform', undefined));
    await scene.expectWaits(await scene.program('pulumi', shell));
    await scene.expectWaits(await scene.program('pulumi', otherShell));
  });

  test('is not remembered when Latchkey starts anew', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'tree');
    await scene.restart();
    await scene.expectWaits(terraform);
  });
});

describe.skipIf(onLinux.missing)(`a program that was denied${onLinux.note}`, () => {
  test('is told so, and until when', async () => {
    const answer = scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    scene.approvals.deny(id);
    const until = new Date(scene.clock.now() + 5 * minute);
    const [hours, minutes] = [until.getHours(), until.getMinutes()].map((part) =>
      String(part).padStart(2, '0'),
    );
    await expect(answer).rejects.toMatchObject({
      code: 'ApprovalNeeded',
      // As the command tells times, with no AM and PM.
      message: expect.stringContaining(`; until ${hours}:${minutes} nobody is asked again`) as string,
    });
  });

  test('stays denied for five minutes, and nobody is asked again', async () => {
    await scene.denied(await scene.program('terraform', shell));
    scene.clock.advance(5 * minute - 1);
    await expect(scene.asked(await scene.program('terraform', shell))).rejects.toMatchObject({
      code: 'ApprovalNeeded',
    });
    expect(scene.approvals.requests()).toEqual([]);
    scene.clock.advance(1);
    await scene.expectWaits(await scene.program('terraform', shell));
  });

  test('is denied no longer because it asks again, or because the wall clock is set back', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.denied(terraform);
    scene.clock.setWallClock(-hour);
    scene.clock.advance(4 * minute);
    await expect(scene.asked(terraform)).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    scene.clock.advance(1 * minute);
    await scene.expectWaits(terraform);
  });

  test('does not keep others from being asked about', async () => {
    await scene.denied(await scene.program('terraform', shell));
    await scene.expectWaits(await scene.program('pulumi', shell));
    await scene.expectWaits(await scene.program('terraform', otherShell));
    await scene.expectWaits(await scene.program('terraform', shell), 'stage');
  });

  test('stays denied where it has no terminal and another shell starts it each time', async () => {
    await scene.denied(withoutTerminal(6_000_001));
    await expect(scene.asked(withoutTerminal(6_000_101))).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    expect(scene.approvals.requests()).toEqual([]);
  });

  test('stays denied where it cannot be known again and has other arguments each time', async () => {
    const waiting = scene.asked(inlineProgram(shell, 'one'));
    await scene.theRequest();
    await scene.denied(inlineProgram(shell, 'other'));
    await expect(waiting).rejects.toMatchObject({ code: 'ApprovalNeeded' });
    await expect(scene.asked(inlineProgram(shell, 'a third'))).rejects.toMatchObject({
      code: 'ApprovalNeeded',
    });
    await scene.expectWaits(inlineProgram(otherShell, 'one'));
  });

  test('may be allowed for its whole process tree all the same: the later word counts', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.denied(terraform);
    await scene.allowed(await scene.program('pulumi', shell), 'tree');
    expect((await scene.asked(terraform)).allowance).toBe('tree');
  });
});

describe.skipIf(onLinux.missing)(`a decision${onLinux.note}`, () => {
  test('is told with who asked and who decided, for the record', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'always');
    const decider = 'latchkey (pid 12) on /dev/pts/5';
    await scene.approvals.revoke(scene.approvals.approvals()[0]?.id ?? '', decider);
    await scene.denied(terraform);
    const atTheWindow = 'a person at the window';
    expect(scene.decisions).toEqual([
      { decision: 'allowed', allowance: 'always', profile: 'prod', decider: atTheWindow, client: terraform },
      { decision: 'revoked', allowance: 'always', profile: 'prod', decider },
      { decision: 'denied', profile: 'prod', decider: atTheWindow, client: terraform },
    ]);
  });

  test('is made once: a second one finds nothing', async () => {
    void scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    const first = scene.approvals.allow(id, 'always');
    await expect(scene.approvals.allow(id, 'tree')).rejects.toMatchObject({ code: 'NotFound' });
    expect(() => {
      scene.approvals.deny(id);
    }).toThrow(Failure);
    await first;
    expect(scene.approvals.approvals()).toMatchObject([{ allowance: 'always' }]);
  });

  test('is shown, and so is what waits, what is used up and what is over', async () => {
    void scene.asked(await scene.program('terraform', shell));
    const { id } = await scene.theRequest();
    expect(scene.changes).toBe(1);
    await scene.approvals.allow(id, 'once');
    expect(scene.changes).toBe(2);
    (await scene.asked(await scene.program('terraform', shell))).use();
    expect(scene.changes).toBe(3);
    void scene.asked(await scene.program('terraform', shell));
    await scene.theRequest();
    expect(scene.changes).toBe(4);
    scene.clock.advance(11 * minute);
    expect(scene.changes).toBe(5);
  });

  test('names a program by its file', async () => {
    const terraform = await scene.program('terraform', shell);
    await scene.allowed(terraform, 'always');
    expect(scene.approvals.approvals()).toMatchObject([
      {
        program: `terraform (${terraform.process.executable ?? ''})`,
        sinceMs: scene.clock.now(),
        untilMs: null,
      },
    ]);
  });
});

/** A program that cannot be known again, that an editor starts without a terminal by a shell of its own. */
function withoutTerminal(pid: number): Client {
  const { process: python } = inlineProgram(shell, `code ${String(pid)}`);
  const executable = '/usr/bin/dash';
  const once = {
    ...shell,
    pid: pid + 50,
    executable,
    commandLine: ['sh', '-c', 'python3'],
    terminal: undefined,
  };
  const editor = { ...otherShell, name: 'code', executable: '/usr/bin/code', terminal: undefined };
  return {
    process: { ...python, pid, start: pid, terminal: undefined },
    parents: [once, editor],
    forwarder: undefined,
  };
}
