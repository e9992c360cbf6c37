import type { Clock, Power, PowerEvent } from '../platform/ports.ts';

/** What is used of Electron's `powerMonitor`. */
export interface PowerMonitorSource {
  on(event: PowerMonitorEvent, listener: () => void): unknown;
  off(event: PowerMonitorEvent, listener: () => void): unknown;
  /** In seconds. */
  getSystemIdleTime(): number;
  /** @param idleThreshold in seconds, more than 0 */
  getSystemIdleState(idleThreshold: number): 'active' | 'idle' | 'locked' | 'unknown';
}

type PowerMonitorEvent = 'suspend' | 'resume' | 'lock-screen' | 'unlock-screen';

const pollMs = 15_000;

/** Whoever rests for less is still there. */
const shortestIdleMs = 60_000;

/**
 * What Electron tells of sleep, the screen's lock and idleness. To be subscribed to after Electron's `ready` event.
 *
 * The lock has an event on macOS and Windows, and on Linux only a state, so that a lock is noticed 15 s later there,
 * and not at all if it is over by then. The state comes from the desktop's screen saver: one that locks nothing counts
 * too. It would on macOS and Windows as well, so there only the events do.
 *
 * Where the desktop does not say how long nobody touched anything (Wayland without an idle protocol), it is 0 for ever.
 */
export function electronPower(
  monitor: PowerMonitorSource,
  clock: Clock,
  platform: NodeJS.Platform = process.platform,
): Power {
  return {
    subscribe(listener) {
      let locked = false;
      let ended = false;
      let timer = clock.schedule(pollMs, poll);

      function tell(event: PowerEvent) {
        if (!ended) listener(event);
      }

      function setLocked(isLocked: boolean) {
        const isNew = isLocked && !locked;
        locked = isLocked;
        if (isNew) tell({ type: 'screenLock' });
      }

      function poll() {
        timer = clock.schedule(pollMs, poll);
        const forMs = monitor.getSystemIdleTime() * 1000;
        if (platform === 'linux') {
          setLocked(monitor.getSystemIdleState(shortestIdleMs / 1000) === 'locked');
        }
        if (forMs >= shortestIdleMs) tell({ type: 'idle', forMs });
      }

      const listeners: readonly [PowerMonitorEvent, () => void][] = [
        ['suspend', () => tell({ type: 'sleep' })],
        ['resume', () => tell({ type: 'wake' })],
        ['lock-screen', () => setLocked(true)],
        ['unlock-screen', () => setLocked(false)],
      ];
      for (const [event, told] of listeners) monitor.on(event, told);

      return {
        [Symbol.dispose]() {
          ended = true;
          timer[Symbol.dispose]();
          for (const [event, told] of listeners) monitor.off(event, told);
        },
      };
    },
  };
}
