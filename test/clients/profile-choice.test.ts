import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bindings } from '../../main/clients/bindings.ts';
import { nearestRule, ProfileChoice } from '../../main/clients/profile-choice.ts';
import { Failure } from '../../main/failure.ts';
import type { Client } from '../../main/platform/ports.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { composeClient, composeProcess, connectionOf } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const shell = composeProcess({ pid: 200, start: 20, name: 'bash' });

let clock: FakeClock;
let core: Core;
let bindings: Bindings;
let choice: ProfileChoice;

beforeEach(async () => {
  clock = new FakeClock();
  core = await startCore(clock);
  await core.addKey('work');
  for (const name of ['active', 'terminal', 'folder', 'inner']) await core.addProfile({ name });
  await core.active.use('active');
  bindings = new Bindings({ clock, configuration: core.configuration, isRunning: () => true });
  choice = new ProfileChoice({ configuration: core.configuration, active: core.active, bindings });
});

afterEach(async () => {
  bindings[Symbol.dispose]();
  await core[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

async function giveFolder(folder: string, profile: string): Promise<void> {
  await core.configuration.update((now) => ({ ...now, folders: [...now.folders, { folder, profile }] }));
}

/** What a program gets: the profile and the rule, or why nothing. */
async function chosenFor(client: Client | undefined): Promise<string> {
  const chosen = await choice.for(connectionOf(() => Promise.resolve(client)));
  return chosen instanceof Failure ? chosen.message : `${chosen.profile.name} by ${chosen.rule}`;
}

describe('a program gets', () => {
  it('the active profile, at once and whoever it is, while nothing has a profile of its own', () => {
    const unknown = connectionOf(() => new Promise(() => undefined));
    expect(choice.for(unknown)).toMatchObject({ profile: { name: 'active' }, rule: 'active' });
  });

  it('the profile of its terminal before that of its folder, and that before the active one', async () => {
    bindings.bind(shell, 'terminal');
    await giveFolder('/work/project', 'folder');
    const workingFolder = '/work/project/infrastructure';
    expect(await chosenFor(composeClient({ pid: 9, workingFolder }, [shell]))).toBe('terminal by terminal');
    expect(await chosenFor(composeClient({ pid: 9, workingFolder }))).toBe('folder by folder');
    expect(await chosenFor(composeClient({ pid: 9, workingFolder: '/work' }))).toBe('active by active');
  });

  it('the profile of the innermost folder', async () => {
    await giveFolder('/work', 'folder');
    await giveFolder('/work/project', 'inner');
    await giveFolder('/', 'terminal');
    expect(await chosenFor(composeClient({ workingFolder: '/work/project/a' }))).toBe('inner by folder');
    expect(await chosenFor(composeClient({ workingFolder: '/work/other' }))).toBe('folder by folder');
    expect(await chosenFor(composeClient({ workingFolder: '/home' }))).toBe('terminal by folder');
  });

  it('nothing where it cannot be told who it is, once terminals or folders have profiles of their own', async () => {
    bindings.bind(shell, 'terminal');
    expect(await chosenFor(undefined)).toMatch(/cannot be told which program asks/);
  });

  it('nothing where it cannot be told in which folder it works, once folders have profiles of their own', async () => {
    const somewhere = composeClient({ pid: 9, workingFolder: undefined }, [shell]);
    bindings.bind(composeProcess({ pid: 300 }), 'terminal');
    expect(await chosenFor(somewhere)).toBe('active by active');
    await giveFolder('/work/project', 'folder');
    expect(await chosenFor(somewhere)).toMatch(/cannot be told in which folder/);
    bindings.bind(shell, 'terminal');
    expect(await chosenFor(somewhere)).toBe('terminal by terminal');
  });

  it('nothing where no profile is active', async () => {
    await core.configuration.update((now) => ({ ...now, active: null }));
    expect(await chosenFor(composeClient())).toBe('No profile is active');
  });
});

describe('a folder', () => {
  it('is not around one whose name only begins with its own', () => {
    const rules = [{ folder: '/work/project', profile: 'folder' }];
    expect(nearestRule(rules, '/work/project-two')).toBeUndefined();
    expect(nearestRule(rules, '/work/project')).toBe(rules[0]);
  });

  it('is around exactly what lies under it, whatever the names', () => {
    const name = fc.stringMatching(/^[a-z .-]{1,6}$/);
    const path = fc.array(name, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(path, path, (outer, inner) => {
        const rule = { folder: `/${outer.join('/')}`, profile: 'folder' };
        const isUnder = outer.every((part, index) => inner[index] === part);
        expect(nearestRule([rule], `/${inner.join('/')}`) === rule).toBe(isUnder);
      }),
    );
  });
});
