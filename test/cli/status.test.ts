import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { serveLocalSocket } from '../../main/control/local-socket.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import type { ProfileView, State } from '../../preload/contract.ts';
import { ServiceStandIn } from '../control/service-stand-in.ts';
import { askWithToken, credentialsPath } from '../fixtures/endpoint.ts';
import { profile, prompt, status } from '../shell/service-double.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { socketOptions } from '../control/socket-options.ts';
import { buildCommand, run, type CommandRun } from './latchkey.ts';
import { startTestBroker, untilPrompted, wrongCode, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

const day = '(\\d{4}-\\d\\d-\\d\\d )?\\d\\d:\\d\\d';

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;

beforeAll(buildCommand, 120_000);

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

const latchkey = (args: readonly string[], input?: string): Promise<CommandRun> => run(own.env, args, input);

describe('latchkey status', () => {
  test('shows the active profile, its session, the endpoint and what is waited for', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const waiting = own.broker.service.call('profiles.use', { name: 'guarded' });
    await own.broker.service.call('profiles.use', { name: 'refused' });
    await own.call('profiles.use', { name: 'reader' });
    const { status, stdout, stderr } = await latchkey(['status']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      new RegExp(`^Active    reader \\(444455556666\\)  ready, 59 min left \\(until ${day}\\)$`),
    );
    expect(lines[1]).toBe(`Endpoint  ${own.broker.endpoint.url}`);
    expect(lines).toContain(
      `MFA       code wanted of ${aliceSerial} for guarded in account 444455556666; give it with: latchkey mfa CODE`,
    );
    expect(lines).toContain('Session   guarded (444455556666)  needs code');
    expect(stdout).toMatch(/^Session {3}refused \(444455556666\) {2}failed: .*NamesBobAbroad/m);
    expect(stdout.match(/AccessDenied/g)).toHaveLength(1);
    // No terminal, no colour.
    expect(stdout).not.toContain('\u001b');
    await own.call('mfa.cancel', { serial: aliceSerial });
    await waiting;
  });

  test('tells programs the same as JSON', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.broker.service.call('profiles.use', { name: 'refused' });
    const { status, stdout } = await latchkey(['status', '--json']);
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as {
      sessions: { profile: string; secondsLeft: number; expiresAt: string; problem: unknown }[];
    };
    expect(document).toMatchObject({
      version: '0.1.0',
      locked: false,
      secrets: 'memory',
      endpoint: own.broker.endpoint.url,
      active: { profile: 'refused', roleName: 'NamesBobAbroad', state: 'failed', expiresAt: null },
      prompts: [],
    });
    const [reader, refused] = ['reader', 'refused'].map((name) =>
      document.sessions.find(({ profile }) => profile === name),
    );
    expect(reader?.secondsLeft).toBeGreaterThan(3500);
    expect(reader?.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(refused?.problem).toMatchObject({ awsCode: 'AccessDenied', code: 'Refused' });
  });

  test('says first that it is locked, and not that there is no session yet', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('sessions.lock', {});
    const { stdout } = await latchkey(['status']);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'Locked    no session is served until it is unlocked',
      'Active    reader (444455556666)',
    ]);
  });

  test('says what was wrong with the last code', async () => {
    const waiting = own.broker.service.call('profiles.use', { name: 'guarded' });
    await untilPrompted(own);
    await latchkey(['mfa', wrongCode()]);
    expect((await latchkey(['status'])).stdout).toMatch(
      /^MFA {7}code wanted of \S+ for guarded in account 444455556666 \(STS did not accept the code: [^\n]*\); give it with: latchkey mfa CODE$/m,
    );
    await own.call('mfa.cancel', { serial: aliceSerial });
    await waiting;
  });

  test('says that secrets are in memory only', async () => {
    expect((await latchkey(['status'])).stdout).toContain('\nSecrets   in memory only: ');
  });

  test('tells when a protected profile goes back, to which, and which profiles are pinned', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('profiles.save', {
      profile: {
        name: 'prod-admin',
        roleArn: 'arn:aws:iam::444455556666:role/LongReader',
        base: { key: 'work' },
        region: 'eu-central-1',
        protected: true,
        pinned: true,
      },
    });
    await own.call('profiles.use', { name: 'prod-admin' });
    const { stdout } = await latchkey(['status']);
    expect(stdout).toMatch(
      new RegExp(
        `^Active    prod-admin \\(444455556666, pinned\\)  ready, 14 min left \\(until ${day}\\); back to reader at ${day} \\(in 29 min\\)\n`,
      ),
    );
    const document: unknown = JSON.parse((await latchkey(['status', '--json'])).stdout);
    expect(document).toMatchObject({
      active: { profile: 'prod-admin', pinned: true },
      returns: { to: 'reader', at: iso, secondsLeft: expect.any(Number) as number },
    });
  });

  test('tells which programs have credentials until when, but for those of the active profile', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await askWithToken(own.broker.endpoint.url, `${credentialsPath}reader`);
    expect((await latchkey(['status'])).stdout).not.toContain('credentials until');
    await own.call('profiles.use', { name: 'long-reader' });
    const told = new RegExp(
      `^Programs  reader: [^\n]+ ha(ve|s) credentials until ${day} \\(59 min left\\)$`,
      'm',
    );
    expect((await latchkey(['status'])).stdout).toMatch(told);
    await own.call('profiles.use', { name: 'reader' });
    await own.call('sessions.lock', {});
    expect((await latchkey(['status'])).stdout).toMatch(told);
    expect(JSON.parse((await latchkey(['status', '--json'])).stdout)).toMatchObject({
      handedOut: [{ profile: 'reader', validUntil: iso, programs: expect.any(Array) as string[] }],
    });
  });

  describe('of what takes hours to come about', () => {
    const minuteMs = 60_000;

    /** What it shows of a state that a broker tells; half a minute more than is told, so that it takes no count. */
    async function shown(state: State, ...options: string[]): Promise<string> {
      await own.broker[Symbol.asyncDispose]();
      const service = new ServiceStandIn();
      service.answer = () => Promise.resolve({ value: state });
      await using _served = await serveLocalSocket(socketOptions(service), controlAddress(own.broker.home));
      return (await latchkey(['status', ...options])).stdout;
    }

    function inMinutes(minutes: number): number {
      return Date.now() + (minutes + 0.5) * minuteMs;
    }

    function refused(mfaAgeSeconds: number): ProfileView {
      const problem = { code: 'Refused', message: 'STS refused the role', atMs: Date.now(), mfaAgeSeconds };
      return profile('prod', { state: 'failed', problem });
    }

    test('tells of a code that will be needed, when, and which program asked', async () => {
      const prompts = [prompt({ cause: 'renewal', program: 'terraform', neededAtMs: inMinutes(9) })];
      const stdout = await shown({ status: status({ prompts }), profiles: [] });
      expect(stdout).toMatch(
        new RegExp(
          `^MFA       code wanted in 9 min \\(at ${day}\\) of ${aliceSerial} for prod in account 444455556666, asked for by terraform; give it`,
          'm',
        ),
      );
    });

    test('tells of a code that the person wants to give as wanted now', async () => {
      const prompts = [prompt({ cause: 'person', neededAtMs: inMinutes(60) })];
      expect(await shown({ status: status({ prompts }), profiles: [] })).toContain(
        `code wanted of ${aliceSerial} for prod`,
      );
    });

    test('tells when the device shows its next code, where the present one has been used', async () => {
      const prompts = [prompt({ nextCodeAtMs: inMinutes(1) })];
      expect(await shown({ status: status({ prompts }), profiles: [] })).toContain(
        '; the code that the device shows has been used, the next one comes in 1 min; give it',
      );
    });

    test('tells until when a code is put aside', async () => {
      const prompts = [prompt({ snoozedUntilMs: inMinutes(15) })];
      expect(await shown({ status: status({ prompts }), profiles: [] })).toMatch(
        new RegExp(`in account 444455556666, put aside until ${day}; give it`),
      );
    });

    test('offers a fresh code where STS refused a role to an old one', async () => {
      expect(await shown({ status: status(), profiles: [refused(5 * 3600)] })).toMatch(
        /^Session {3}prod .*failed: STS refused the role; its MFA code was given 5 h ago; a fresh one may help: latchkey use prod --fresh-code$/m,
      );
    });

    test('tells the latest refusals of the last hour, and how many there are besides', async () => {
      const refusal = (reason: string, minutes: number) => ({
        reason,
        count: 2,
        lastAtMs: inMinutes(-minutes),
      });
      const recent = [1, 2, 3, 4, 5, 6].map((minutes) => refusal(`reason ${minutes}`, minutes));
      const old = [refusal('an old reason', 70), refusal('an older reason', 600)];
      const refusals = [...recent, ...old];
      const state = { status: status({ refusals }), profiles: [] };
      expect((await shown(state)).match(/(?<=^Refused {3}).*/gm)).toEqual([
        ...[1, 2, 3, 4, 5].map(
          (minutes) =>
            expect.stringMatching(
              new RegExp(`^a program 2 times, last at ${day}: reason ${minutes}$`),
            ) as string,
        ),
        'and 3 older: latchkey audit tail',
      ]);
    });

    test('tells how many requests were refused long ago', async () => {
      const refusals = [{ reason: 'an old reason', count: 1, lastAtMs: inMinutes(-70) }];
      const state = { status: status({ refusals }), profiles: [] };
      expect(await shown(state)).toMatch(/^Refused {3}1 more than an hour ago: latchkey audit tail$/m);
    });

    test('tells all refusals as JSON', async () => {
      const refusals = [1, 2, 3, 4, 5, 6, 70].map((minutes) => ({
        reason: `reason ${minutes}`,
        count: 1,
        lastAtMs: inMinutes(-minutes),
      }));
      const document: unknown = JSON.parse(
        await shown({ status: status({ refusals }), profiles: [] }, '--json'),
      );
      expect(document).toHaveProperty('refusals.length', 7);
    });

    test('tells that requests are not recorded, and why', async () => {
      const problem = 'The audit log cannot be written: ENOSPC: no space left on device, write';
      const state = { status: status({ audit: { problem } }), profiles: [] };
      expect((await shown(state)).split('\n')).toContain(`Audit     ${problem}`);
    });

    test('names the commands that add the first key', async () => {
      expect(await shown({ status: status({ keys: [] }), profiles: [] })).toContain(
        'Keys      none; add one with: latchkey key add, or in the interface: latchkey open\n',
      );
    });

    test('tells all of it as JSON, too', async () => {
      const prompts = [
        prompt({ program: 'terraform', neededAtMs: inMinutes(9), nextCodeAtMs: inMinutes(0) }),
        prompt({ serial: 'GAHT12345678', snoozedUntilMs: inMinutes(15) }),
      ];
      const handedOut = [
        { profile: 'prod', untilMs: inMinutes(9), programs: ['terraform'] },
        { profile: 'over', untilMs: Date.now(), programs: [] },
      ];
      const state = { status: status({ prompts, handedOut }), profiles: [refused(18_000)] };
      const document: unknown = JSON.parse(await shown(state, '--json'));
      expect(document).toMatchObject({
        returns: null,
        sessions: [{ profile: 'prod', pinned: false, problem: { mfaAgeSeconds: 18_000 } }],
        prompts: [
          {
            accountId: '444455556666',
            program: 'terraform',
            neededAt: iso,
            nextCodeAt: iso,
            snoozedUntil: null,
          },
          { accountId: '444455556666', program: null, neededAt: null, nextCodeAt: null, snoozedUntil: iso },
        ],
        handedOut: [{ profile: 'prod', validUntil: iso, secondsLeft: 569, programs: ['terraform'] }],
      });
      expect(document).toHaveProperty('handedOut.length', 1);
    });

    test('tells that the active profile is read-only, and what programs got before', async () => {
      const session = { state: 'active', expiresAtMs: inMinutes(14) } as const;
      const state = {
        status: status({
          active: 'prod',
          handedOut: [
            { profile: 'prod', untilMs: inMinutes(50), programs: ['terraform'] },
            { profile: 'prod', readOnly: true, untilMs: inMinutes(14), programs: ['aws'] },
          ],
        }),
        profiles: [profile('prod', session, { readOnly: true })],
      };
      const shownLines = await shown(state);
      expect(shownLines).toMatch(/^Active +prod \(444455556666, read-only\) {2}ready/m);
      expect(shownLines).toMatch(/^Programs {2}prod: terraform has credentials until /m);
      expect(shownLines).not.toContain('prod (read-only): aws');
    });

    test('tells that no profile is active after a protected one, and what programs without a name have', async () => {
      const state = {
        status: status({
          active: 'prod',
          returns: { to: null, atMs: inMinutes(12) },
          handedOut: [
            { profile: 'dev', untilMs: inMinutes(5), programs: [] },
            { profile: 'test', untilMs: inMinutes(7), programs: ['aws', 'terraform'] },
          ],
        }),
        profiles: [profile('prod', { state: 'active', expiresAtMs: inMinutes(14) })],
      };
      const lines = (await shown(state)).split('\n');
      expect(lines[0]).toMatch(new RegExp(`; no active profile at ${day} \\(in 12 min\\)$`));
      expect(lines.slice(2, 4)).toEqual([
        expect.stringMatching(/^Programs {2}test: aws and terraform have credentials until /),
        expect.stringMatching(/^Programs {2}dev: programs that are not known have credentials until /),
      ]);
    });
  });
});
