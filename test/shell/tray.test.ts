import { afterEach, beforeEach, expect, it } from 'vitest';
import { runTray, type TrayFace, type TraySurface } from '../../main/shell/tray.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { profile, prompt, ServiceDouble, status } from './service-double.ts';

const minuteMs = 60_000;

class SurfaceDouble implements TraySurface {
  readonly faces: TrayFace[] = [];
  disposed = false;

  show(face: TrayFace): void {
    this.faces.push(face);
  }

  click(label: string): void {
    const item = this.faces.at(-1)?.menu.find((candidate) => candidate.label === label);
    if (item?.click === undefined) throw new Error(`nothing to click called ${label}`);
    Reflect.apply(item.click, item, []);
  }

  [Symbol.dispose](): void {
    this.disposed = true;
  }
}

let clock: FakeClock;
let service: ServiceDouble;
let surface: SurfaceDouble;
let tray: Disposable;
let windowsOpened: number;

beforeEach(() => {
  clock = new FakeClock();
  service = new ServiceDouble({
    status: status({ active: 'dev' }),
    profiles: [
      profile('dev', { state: 'active', expiresAtMs: clock.now() + 10 * minuteMs }),
      profile('prod'),
    ],
  });
  surface = new SurfaceDouble();
  windowsOpened = 0;
  tray = runTray({ service, clock, surface, openWindow: () => windowsOpened++, quit: () => undefined });
  clock.advance(100);
});

afterEach(() => {
  tray[Symbol.dispose]();
  expect(clock.waiting, 'timers left behind').toBe(0);
  clock[Symbol.dispose]();
});

it('shows the state as soon as there is one', () => {
  expect(surface.faces).toHaveLength(1);
  expect(surface.faces[0]).toMatchObject({ icon: 'active', tooltip: 'Latchkey: dev, ready, 9 min left' });
});

it('sets icon, tooltip and menu anew after a change', () => {
  service.changeStatus({ prompts: [prompt()] });
  clock.advance(100);
  expect(surface.faces.at(-1)?.icon).toBe('attention');
  expect(surface.faces.at(-1)?.menu.map((item) => item.label)).toContain('MFA code needed for prod…');
});

it('makes one menu of a burst of events', () => {
  for (let index = 0; index < 500; index++)
    service.emit({ type: 'profile', profile: profile(`p${index}`, { state: 'acquiring' }) });
  clock.advance(100);
  expect(surface.faces).toHaveLength(2);
});

it('shows changes that never pause, too', () => {
  for (let step = 0; step < 20; step++) {
    service.emit({ type: 'profile', profile: profile(`p${step}`) });
    clock.advance(20);
  }
  expect(surface.faces.length).toBeGreaterThan(3);
});

it('leaves the menu alone when nothing in it changed', () => {
  service.changeStatus({ endpoint: 'http://127.0.0.1:9255/' });
  clock.advance(100);
  expect(surface.faces).toHaveLength(1);
});

it('counts the time left down without an event', () => {
  clock.advance(3 * minuteMs);
  expect(surface.faces.at(-1)?.tooltip).toBe('Latchkey: dev, ready, 6 min left');
  expect(surface.faces).toHaveLength(4);
});

it('counts down to a return and to an announced code, too', () => {
  service.changeStatus({
    returns: { to: 'prod', atMs: clock.now() + 7 * minuteMs },
    prompts: [prompt({ neededAtMs: clock.now() + 5 * minuteMs })],
  });
  clock.advance(2 * minuteMs + 1);
  expect(surface.faces.at(-1)?.icon).toBe('active');
  expect(surface.faces.at(-1)?.tooltip).toMatch(/back to prod in 4 min$/);
  expect(surface.faces.at(-1)?.menu.map((item) => item.label)).toContain(
    'MFA code needed in 2 min for prod…',
  );
});

it('uses a profile when it is clicked', () => {
  surface.click('prod');
  expect(service.calls).toEqual([{ name: 'profiles.use', input: { name: 'prod' } }]);
});

it('puts the check mark back where a click changed nothing', async () => {
  service.answer = { problem: { code: 'Refused', message: 'STS refused' } };
  surface.click('prod');
  await Promise.resolve();
  clock.advance(100);
  expect(surface.faces).toHaveLength(2);
  const checked = surface.faces.at(-1)?.menu.filter((item) => item.checked);
  expect(checked?.map((item) => item.label)).toEqual(['dev (ready)']);
});

it('locks and unlocks', () => {
  surface.click('Lock');
  service.changeStatus({ locked: true });
  clock.advance(100);
  surface.click('Unlock');
  expect(service.calls.map((call) => call.name)).toEqual(['sessions.lock', 'sessions.unlock']);
});

it('opens the window where a click does not unlock, and only there', async () => {
  service.changeStatus({ locked: true });
  clock.advance(100);
  surface.click('Unlock');
  await Promise.resolve();
  expect(windowsOpened).toBe(0);
  service.answer = { problem: { code: 'Locked', message: 'A code is needed' } };
  surface.click('Unlock');
  await Promise.resolve();
  await Promise.resolve();
  expect(windowsOpened).toBe(1);
});

it('leaves no icon, subscription or timer behind', () => {
  tray[Symbol.dispose]();
  expect(surface.disposed).toBe(true);
  expect(service.subscribers).toBe(0);
  expect(clock.waiting).toBe(0);
});
