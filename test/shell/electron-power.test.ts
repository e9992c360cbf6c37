import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import type { PowerEvent } from '../../main/platform/ports.ts';
import { electronPower, type PowerMonitorSource } from '../../main/shell/electron-power.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

/** An emitter as Electron's is, for a machine that a test sets the state of. */
class PowerMonitorDouble extends EventEmitter implements PowerMonitorSource {
  idleSeconds = 0;
  isLocked = false;

  getSystemIdleTime(): number {
    return this.idleSeconds;
  }

  getSystemIdleState(idleThreshold: number) {
    if (idleThreshold <= 0) throw new TypeError('Invalid idle threshold, must be greater than 0');
    if (this.isLocked) return 'locked';
    return this.idleSeconds >= idleThreshold ? 'idle' : 'active';
  }
}

let clock: FakeClock;
let monitor: PowerMonitorDouble;
let told: PowerEvent[];
let subscription: Disposable;

function subscribe(platform: NodeJS.Platform) {
  subscription = electronPower(monitor, clock, platform).subscribe((event) => told.push(event));
}

beforeEach(() => {
  clock = new FakeClock();
  monitor = new PowerMonitorDouble();
  told = [];
});

afterEach(() => {
  subscription[Symbol.dispose]();
  expect(clock.waiting, 'timers left behind').toBe(0);
  expect(monitor.eventNames(), 'listeners left behind').toEqual([]);
  clock[Symbol.dispose]();
});

describe.each(['linux', 'darwin', 'win32'] as const)('on %s', (platform) => {
  beforeEach(() => subscribe(platform));

  it('tells that the machine sleeps and wakes', () => {
    monitor.emit('suspend');
    monitor.emit('resume');
    expect(told).toEqual([{ type: 'sleep' }, { type: 'wake' }]);
  });

  it('tells how long nobody has been there, from a minute on and every 15 s', () => {
    monitor.idleSeconds = 59;
    clock.advance(15_000);
    expect(told).toEqual([]);
    monitor.idleSeconds = 60;
    clock.advance(15_000);
    monitor.idleSeconds = 75;
    clock.advance(15_000);
    expect(told).toEqual([
      { type: 'idle', forMs: 60_000 },
      { type: 'idle', forMs: 75_000 },
    ]);
  });

  it('tells no more of it once somebody is back', () => {
    monitor.idleSeconds = 60;
    clock.advance(15_000);
    monitor.idleSeconds = 2;
    clock.advance(60_000);
    expect(told).toEqual([{ type: 'idle', forMs: 60_000 }]);
  });

  it('tells nothing after its end, and asks nothing', () => {
    subscription[Symbol.dispose]();
    monitor.idleSeconds = 600;
    monitor.isLocked = true;
    monitor.emit('suspend');
    clock.advance(60_000);
    expect(told).toEqual([]);
  });

  it('can be ended by whoever is told', () => {
    subscription[Symbol.dispose]();
    subscription = electronPower(monitor, clock, platform).subscribe((event) => {
      told.push(event);
      subscription[Symbol.dispose]();
    });
    monitor.idleSeconds = 600;
    monitor.isLocked = true;
    clock.advance(60_000);
    expect(told).toHaveLength(1);
  });

  it('tells each of several listeners, and ends one without the other', () => {
    const other: PowerEvent[] = [];
    const second = electronPower(monitor, clock, platform).subscribe((event) => other.push(event));
    monitor.emit('suspend');
    subscription[Symbol.dispose]();
    monitor.idleSeconds = 60;
    clock.advance(15_000);
    second[Symbol.dispose]();
    expect(told).toEqual([{ type: 'sleep' }]);
    expect(other).toEqual([{ type: 'sleep' }, { type: 'idle', forMs: 60_000 }]);
  });
});

describe.each(['darwin', 'win32'] as const)('the lock of the screen on %s', (platform) => {
  beforeEach(() => subscribe(platform));

  it('is told once, until it is unlocked and locked again', () => {
    monitor.emit('lock-screen');
    monitor.emit('lock-screen');
    clock.advance(60_000);
    expect(told).toEqual([{ type: 'screenLock' }]);
    monitor.emit('unlock-screen');
    monitor.emit('lock-screen');
    expect(told).toEqual([{ type: 'screenLock' }, { type: 'screenLock' }]);
  });

  it('is not what a screen saver makes of the state', () => {
    monitor.isLocked = true;
    clock.advance(60_000);
    expect(told).toEqual([]);
  });
});

describe('the lock of the screen on Linux', () => {
  beforeEach(() => subscribe('linux'));

  it('is noticed within 15 s, and told once until it is unlocked and locked again', () => {
    monitor.isLocked = true;
    clock.advance(60_000);
    expect(told).toEqual([{ type: 'screenLock' }]);
    monitor.isLocked = false;
    clock.advance(15_000);
    monitor.isLocked = true;
    clock.advance(15_000);
    expect(told).toEqual([{ type: 'screenLock' }, { type: 'screenLock' }]);
  });

  it('does not hide that nobody is there', () => {
    monitor.isLocked = true;
    monitor.idleSeconds = 60;
    clock.advance(15_000);
    expect(told).toEqual([{ type: 'screenLock' }, { type: 'idle', forMs: 60_000 }]);
  });
});

it("takes Electron's own monitor", () => {
  subscribe('linux');
  expectTypeOf<PowerMonitor>().toExtend<PowerMonitorSource>();
});
