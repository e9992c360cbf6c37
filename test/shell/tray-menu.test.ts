import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import type { State } from '../../preload/contract.ts';
import {
  faceChangesInMs,
  handedOutInWords,
  trayIcon,
  trayMenu,
  trayTooltip,
  type TrayActions,
} from '../../main/shell/tray-menu.ts';
import { profile, prompt, status } from './service-double.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);
const minuteMs = 60_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** A protected profile that is active and goes back after `backInMs`. */
function returning(backInMs: number, to: string | null = 'sandbox-admin'): State {
  return {
    status: status({ active: 'prod-admin', returns: { to, atMs: nowMs + backInMs } }),
    profiles: [
      profile('prod-admin', { state: 'active', expiresAtMs: nowMs + 12 * minuteMs }, { protected: true }),
    ],
  };
}

function menuOf(state: State) {
  const clicked: string[] = [];
  const actions: TrayActions = {
    use: (name) => clicked.push(`use ${name}`),
    lock: () => clicked.push('lock'),
    unlock: () => clicked.push('unlock'),
    openWindow: () => clicked.push('openWindow'),
    quit: () => clicked.push('quit'),
  };
  const items = trayMenu(state, nowMs, actions);
  return { items, clicked, labels: labelsOf(items) };
}

function labelsOf(items: readonly MenuItemConstructorOptions[]): string[] {
  return items.filter((item) => item.type !== 'separator').map((item) => item.label ?? '');
}

/** Clicks as Electron does, which hands the click handler things that ours have no use for. */
function click(items: readonly MenuItemConstructorOptions[], label: string): void {
  const item = items.find((candidate) => candidate.label === label);
  if (item === undefined) throw new Error(`no item ${label} among ${labelsOf(items).join(' | ')}`);
  Reflect.apply(item.click ?? (() => undefined), item, []);
}

function submenuOf(
  items: readonly MenuItemConstructorOptions[],
  label: string,
): MenuItemConstructorOptions[] {
  const submenu = items.find((item) => item.label === label)?.submenu;
  if (!Array.isArray(submenu)) throw new Error(`no submenu ${label} among ${labelsOf(items).join(' | ')}`);
  return submenu;
}

describe('the menu', () => {
  it('begins with the active profile, its state and the time its session has left', () => {
    const state: State = {
      status: status({ active: 'prod' }),
      profiles: [profile('prod', { state: 'active', expiresAtMs: nowMs + 83 * minuteMs })],
    };
    expect(menuOf(state).items[0]).toMatchObject({ label: 'prod, ready, 1 h 23 min left', enabled: false });
  });

  it('checks the active profile and no other', () => {
    const { items } = menuOf({
      status: status({ active: 'prod' }),
      profiles: [profile('dev'), profile('prod'), profile('test')],
    });
    const boxes = items.filter((item) => item.type === 'checkbox');
    expect(boxes.map((item) => [item.label, item.checked])).toEqual([
      ['dev', false],
      ['prod', true],
      ['test', false],
    ]);
  });

  it('checks none while no profile is active', () => {
    const { items } = menuOf({ status: status(), profiles: [profile('dev'), profile('prod')] });
    expect(items.some((item) => item.checked)).toBe(false);
    expect(items[0]?.label).toBe('no active profile');
  });

  it("tells each profile's protection and state in words", () => {
    const { labels } = menuOf({
      status: status(),
      profiles: [
        profile('dev'),
        profile('prod', { state: 'waitingForMfa' }, { protected: true }),
        profile('audit', { state: 'acquiring' }),
        profile('billing', { state: 'refreshing', expiresAtMs: nowMs + 1 }),
        profile('ops', { state: 'failed' }),
        profile('data', { state: 'failed', expiresAtMs: nowMs + minuteMs }),
      ],
    });
    expect(labels.slice(1, 7)).toEqual([
      'audit (signing in)',
      'billing (renewing)',
      'data (renewal failed)',
      'dev',
      'ops (failed)',
      'prod (protected, needs code)',
    ]);
  });

  it('orders the profiles by name, with numbers by their size', () => {
    const { labels } = menuOf({
      status: status(),
      profiles: ['stage10', 'stage9', 'prod'].map((name) => profile(name)),
    });
    expect(labels.slice(1, 4)).toEqual(['prod', 'stage9', 'stage10']);
  });

  it('uses the profile that is clicked', () => {
    const { items, clicked } = menuOf({ status: status(), profiles: [profile('dev'), profile('prod')] });
    click(items, 'prod');
    expect(clicked).toEqual(['use prod']);
  });

  it('has a line for each MFA device that wants a code, which opens the window', () => {
    const { items, clicked, labels } = menuOf({
      status: status({
        prompts: [prompt(), prompt({ serial: 'GAHT12345678', profile: 'dev', state: 'checking' })],
      }),
      profiles: [],
    });
    expect(labels).toContain('Checking the MFA code for dev…');
    click(items, 'MFA code needed for prod…');
    expect(clicked).toEqual(['openWindow']);
  });

  it('names the program that a code is needed for, and its name stays one line', () => {
    const { labels } = menuOf({
      status: status({
        prompts: [
          prompt({ program: 'terraform' }),
          prompt({ serial: 'GAHT12345678', program: 'a\nb\u202e&c', state: 'checking' }),
        ],
      }),
      profiles: [],
    });
    expect(labels).toContain('MFA code needed for prod (terraform)…');
    expect(labels).toContain('Checking the MFA code for prod (a b &&c)…');
  });

  it('says of an announcement in how many minutes the code is needed', () => {
    const labelsWithLeft = (leftMs: number) =>
      menuOf({
        status: status({ prompts: [prompt({ cause: 'renewal', neededAtMs: nowMs + leftMs })] }),
        profiles: [],
      }).labels;
    expect(labelsWithLeft(9.5 * minuteMs)).toContain('MFA code needed in 9 min for prod…');
    expect(labelsWithLeft(30_000)).toContain('MFA code needed in less than a minute for prod…');
  });

  it('keeps a line for a code that was put aside, says until when, and is not alarmed by it', () => {
    const snoozedUntilMs = nowMs + 15 * minuteMs;
    const state = {
      status: status({ prompts: [prompt({ program: 'terraform', snoozedUntilMs })] }),
      profiles: [],
    };
    expect(menuOf(state).labels).toContain(
      `MFA code for prod (terraform), put aside until ${clock.format(snoozedUntilMs)}…`,
    );
    expect(trayIcon(state)).toBe('idle');
  });

  it('takes a code that the person wants to give for needed, though the session before it lasts', () => {
    const prompts = [prompt({ cause: 'person', neededAtMs: nowMs + 60 * minuteMs })];
    expect(menuOf({ status: status({ prompts }), profiles: [] }).labels).toContain(
      'MFA code needed for prod…',
    );
    expect(trayIcon({ status: status({ prompts }), profiles: [] })).toBe('attention');
  });

  it('says which profile is read-only, and what programs hold that is so', () => {
    const readOnly = profile('prod', { state: 'idle' }, { protected: true, readOnly: true });
    const state = { status: status({ active: 'prod' }), profiles: [readOnly] };
    expect(menuOf(state).labels).toContain('prod (protected, read-only)');
    expect(trayTooltip(state, nowMs)).toContain('prod, read-only, no session yet');
    const held = { profile: 'prod', untilMs: nowMs + minuteMs, programs: ['aws'] };
    expect(handedOutInWords({ ...held, readOnly: true })).toMatch(/^prod \(read-only\): aws has credentials/);
    expect(handedOutInWords(held)).toMatch(/^prod: aws has credentials/);
  });

  it('has the pinned profiles first, in a group of their own', () => {
    const { items } = menuOf({
      status: status(),
      profiles: [
        profile('dev'),
        profile('stage', { state: 'idle' }, { pinned: true }),
        profile('prod', { state: 'idle' }, { pinned: true }),
        profile('audit'),
      ],
    });
    expect(items.slice(2, 7).map((item) => item.label ?? item.type)).toEqual([
      'prod',
      'stage',
      'separator',
      'audit',
      'dev',
    ]);
  });

  it('divides nothing where all profiles are pinned', () => {
    const { items } = menuOf({
      status: status(),
      profiles: [profile('prod', { state: 'idle' }, { pinned: true })],
    });
    expect(items.filter((item) => item.type === 'separator')).toHaveLength(3);
  });

  it('has the pinned profiles before the accounts, and not in their menus', () => {
    const profiles = Array.from({ length: 40 }, (_, index) =>
      profile(`p${index}`, { state: 'idle' }, { pinned: index < 16 }),
    );
    const { items } = menuOf({ status: status({ active: 'p0' }), profiles });
    const boxes = items.filter((item) => item.type === 'checkbox').map((item) => item.label);
    expect(boxes).toEqual(Array.from({ length: 15 }, (_, index) => `p${index}`));
    expect(items[17]?.type).toBe('separator');
    // The sixteenth has no place above.
    expect(labelsOf(submenuOf(items, '444455556666'))).toEqual(
      Array.from({ length: 25 }, (_, index) => `p${index + 15}`),
    );
  });

  it('tells while locked until when programs hold what, the last to end first', () => {
    const { items } = menuOf({
      status: status({
        locked: true,
        handedOut: [
          { profile: 'over', untilMs: nowMs, programs: ['aws'] },
          { profile: 'dev', untilMs: nowMs + 10 * minuteMs, programs: [] },
          { profile: 'prod', untilMs: nowMs + 20 * minuteMs, programs: ['terraform', 'aws', 'a', 'b', 'c'] },
        ],
      }),
      profiles: [],
    });
    expect(items.slice(1, 4)).toMatchObject([
      {
        label: `prod: terraform, aws, a, and 2 more have credentials until ${clock.format(nowMs + 20 * minuteMs)}`,
        enabled: false,
      },
      {
        label: `dev: programs that are not known have credentials until ${clock.format(nowMs + 10 * minuteMs)}`,
        enabled: false,
      },
      { type: 'separator' },
    ]);
  });

  it('tells five of what programs hold, and how many more there are', () => {
    const handedOut = Array.from({ length: 7 }, (_, index) => ({
      profile: `p${index}`,
      untilMs: nowMs + minuteMs,
      programs: [],
    }));
    const held = (locked: boolean) =>
      menuOf({ status: status({ locked, handedOut }), profiles: [] }).labels.slice(1, 8);
    expect(held(true).map((label) => label.replace(/: .* have.*/, ''))).toEqual([
      ...['p0', 'p1', 'p2', 'p3', 'p4'],
      '2 more profiles',
      'No profiles yet: add one…',
    ]);
    expect(held(false).join()).not.toContain('have credentials');
  });

  it('locks, opens the window and quits', () => {
    const { items, clicked } = menuOf({ status: status(), profiles: [] });
    click(items, 'Lock');
    click(items, 'Open Latchkey');
    click(items, 'Quit Latchkey');
    expect(clicked).toEqual(['lock', 'openWindow', 'quit']);
  });

  it('offers to unlock, and no profile, while locked', () => {
    const { items, clicked, labels } = menuOf({
      status: status({ locked: true, active: 'prod' }),
      profiles: [profile('prod')],
    });
    expect(items.find((item) => item.label === 'prod')?.enabled).toBe(false);
    expect(labels).not.toContain('Lock');
    click(items, 'Unlock');
    expect(clicked).toEqual(['unlock']);
  });

  it('leads to the window where there is no profile yet', () => {
    const { items, clicked } = menuOf({ status: status(), profiles: [] });
    click(items, 'No profiles yet: add one…');
    expect(clicked).toEqual(['openWindow']);
  });

  it('groups more than fifteen profiles by account and says which account is active', () => {
    const profiles = Array.from({ length: 16 }, (_, index) =>
      profile(
        `p${index}`,
        { state: 'idle' },
        { accountId: index % 2 === 0 ? '111122223333' : '444455556666' },
      ),
    );
    const { items, clicked } = menuOf({ status: status({ active: 'p3' }), profiles });
    expect(items.some((item) => item.type === 'checkbox')).toBe(false);
    expect(submenuOf(items, '111122223333')).toHaveLength(8);
    const active = submenuOf(items, '444455556666 (active)');
    expect(active.filter((item) => item.checked).map((item) => item.label)).toEqual(['p3']);
    click(active, 'p5');
    expect(clicked).toEqual(['use p5']);
  });

  it('has the five used last before the accounts, in that order, and where they always are in those', () => {
    const profiles = Array.from({ length: 20 }, (_, index) =>
      profile(`p${index}`, { state: 'idle' }, { pinned: index === 9 }),
    );
    const recent = ['p7', 'p9', 'gone', 'p3', 'p12', 'p1', 'p5', 'p8'];
    const { items } = menuOf({ status: status({ active: 'p7', recent }), profiles });
    const boxes = items.filter((item) => item.type === 'checkbox').map((item) => item.label);
    expect(boxes).toEqual(['p9', 'p7', 'p3', 'p12', 'p1', 'p5']);
    expect(labelsOf(submenuOf(items, '444455556666 (active)'))).toContain('p7');
  });

  it('leaves what is too much for a submenu to the window', () => {
    const profiles = Array.from({ length: 1000 }, (_, index) => profile(`p${index}`));
    const { items, clicked } = menuOf({ status: status(), profiles });
    const submenu = submenuOf(items, '444455556666');
    expect(submenu.length).toBeLessThan(50);
    click(submenu, '960 more…');
    expect(clicked).toEqual(['openWindow']);
  });
});

describe('the tooltip', () => {
  const tooltipWithLeft = (leftMs: number) =>
    trayTooltip(
      {
        status: status({ active: 'prod' }),
        profiles: [profile('prod', { state: 'active', expiresAtMs: nowMs + leftMs })],
      },
      nowMs,
    );

  it('tells the active profile and its time left', () => {
    expect(tooltipWithLeft(59 * minuteMs)).toBe('Latchkey: prod, ready, 59 min left');
    expect(tooltipWithLeft(120 * minuteMs)).toBe('Latchkey: prod, ready, 2 h left');
    expect(tooltipWithLeft(30_000)).toBe('Latchkey: prod, ready, less than a minute left');
    expect(tooltipWithLeft(0)).toBe('Latchkey: prod, ready, expired');
  });

  it('tells when a protected profile goes back, and to which', () => {
    expect(trayTooltip(returning(20.5 * minuteMs), nowMs)).toBe(
      'Latchkey: prod-admin, ready, 12 min left; back to sandbox-admin in 20 min',
    );
    expect(trayTooltip(returning(30_000, null), nowMs)).toBe(
      'Latchkey: prod-admin, ready, 12 min left; no active profile in less than a minute',
    );
  });

  it('tells that Latchkey is locked, and nothing else', () => {
    const state = { status: status({ locked: true, active: 'prod' }), profiles: [profile('prod')] };
    expect(trayTooltip(state, nowMs)).toBe('Latchkey: locked');
  });

  it('is due for a change just when another minute is over', () => {
    const stateWithLeft = (leftMs: number): State => ({
      status: status({ active: 'prod' }),
      profiles: [profile('prod', { state: 'active', expiresAtMs: nowMs + leftMs })],
    });
    const state = stateWithLeft(90_500);
    const changesInMs = faceChangesInMs(state, nowMs);
    expect(changesInMs).toBe(30_501);
    expect(trayTooltip(state, nowMs + 30_500)).toBe(trayTooltip(state, nowMs));
    expect(trayTooltip(state, nowMs + 30_501)).not.toBe(trayTooltip(state, nowMs));
    expect(faceChangesInMs(stateWithLeft(0), nowMs)).toBeUndefined();
  });

  it('is due for a change with every time that is told', () => {
    expect(faceChangesInMs(returning(90_500), nowMs)).toBe(1);
    expect(faceChangesInMs(returning(90_500), nowMs + 1)).toBe(30_500);
    const announced = [prompt({ neededAtMs: nowMs + 80_500 })];
    expect(faceChangesInMs({ status: status({ prompts: announced }), profiles: [] }, nowMs)).toBe(20_501);
    const handedOut = [{ profile: 'prod', untilMs: nowMs + 70_500, programs: [] }];
    const heldBy = (locked: boolean): State => ({ status: status({ locked, handedOut }), profiles: [] });
    expect(faceChangesInMs(heldBy(true), nowMs)).toBe(10_501);
    expect(faceChangesInMs(heldBy(false), nowMs)).toBeUndefined();
  });
});

describe('the icon', () => {
  it.each([
    ['idle', status(), { state: 'idle' }],
    ['active', status({ active: 'prod' }), { state: 'active', expiresAtMs: nowMs + 1 }],
    ['attention', status({ active: 'prod' }), { state: 'failed', expiresAtMs: nowMs + 1 }],
    ['attention', status({ prompts: [prompt()] }), { state: 'waitingForMfa' }],
    [
      'active',
      status({ active: 'prod', prompts: [prompt({ neededAtMs: nowMs + 1 })] }),
      { state: 'active', expiresAtMs: nowMs + 1 },
    ],
    ['locked', status({ locked: true, active: 'prod', prompts: [prompt()] }), { state: 'idle' }],
  ] as const)('is "%s" for the state it stands for', (icon, shownStatus, session) => {
    expect(trayIcon({ status: shownStatus, profiles: [profile('prod', session)] })).toBe(icon);
  });
});
