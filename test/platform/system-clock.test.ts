import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { runModule } from './run-module.ts';

afterEach(() => void vi.useRealTimers());

const dayMs = 24 * 60 * 60 * 1000;

describe('the system clock', () => {
  test("tells this machine's wall-clock time", () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test('calls once, when the delay has passed', () => {
    vi.useFakeTimers();
    const callback = vi.fn<() => void>();
    systemClock.schedule(1000, callback);
    vi.advanceTimersByTime(999);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(dayMs);
    expect(callback).toHaveBeenCalledOnce();
  });

  test('does not call once it was disposed', () => {
    vi.useFakeTimers();
    const callback = vi.fn<() => void>();
    systemClock.schedule(1000, callback)[Symbol.dispose]();
    vi.advanceTimersByTime(dayMs);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits out a delay that is longer than a timer can hold, and can be disposed half-way', () => {
    vi.useFakeTimers();
    const callback = vi.fn<() => void>();
    const disposed = vi.fn<() => void>();
    systemClock.schedule(60 * dayMs, callback);
    const timer = systemClock.schedule(60 * dayMs, disposed);
    vi.advanceTimersByTime(30 * dayMs);
    timer[Symbol.dispose]();
    vi.advanceTimersByTime(30 * dayMs - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
    expect(disposed).not.toHaveBeenCalled();
  });

  test('takes a delay that is already over as none', async () => {
    await new Promise<void>((resolve) => {
      // The timer keeps no process alive, but the test's own does.
      systemClock.schedule(-5, resolve);
    });
  });

  test('keeps no process alive', async ({ signal }) => {
    const run = await runModule('clock-child.ts', [], { PATH: process.env['PATH'] }, signal);
    expect(run).toMatchObject({ exitCode: 0, signal: null, stdout: 'scheduled\n', stderr: '' });
  });
});
