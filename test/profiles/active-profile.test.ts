import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { startEngine, minute, type Engine } from '../sessions/engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'sandbox' });
  await engine.core.addProfile({ name: 'production', protected: true });
  await engine.core.addProfile({ name: 'billing', protected: true });
});

afterEach(() => engine[Symbol.asyncDispose]());

const active = () => engine.core.active;

async function written(): Promise<{ active: string | null; returns: unknown }> {
  // Changes are made one after the other: when this one is done, so are those before it.
  await engine.core.configuration.update((before) => before);
  const { current } = await ConfigurationStore.open(engine.core.home);
  return { active: current.active, returns: current.returns };
}

describe('a protected profile', () => {
  beforeEach(async () => {
    await active().use('sandbox');
    await active().use('production');
  });

  it('is active for 30 minutes, and then the profile before it is again', async () => {
    expect(active().name).toBe('production');
    expect(active().returns).toEqual({ to: 'sandbox', atMs: engine.clock.now() + 30 * minute });
    engine.clock.advance(30 * minute - 1);
    expect(active().name).toBe('production');
    engine.clock.advance(1);
    expect(active().name).toBe('sandbox');
    expect(active().returns).toBeNull();
    expect(await written()).toEqual({ active: 'sandbox', returns: null });
  });

  it('is so for as long as the settings say', async () => {
    await engine.core.configuration.update((before) => ({
      ...before,
      settings: { ...before.settings, protectedMinutes: 5 },
    }));
    await active().use('production');
    engine.clock.advance(5 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('has its whole time anew when it is used again, and still goes back to the one before', async () => {
    engine.clock.advance(20 * minute);
    await active().use('production');
    engine.clock.advance(20 * minute);
    expect(active().name).toBe('production');
    engine.clock.advance(10 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('that follows another goes back to the one before both', async () => {
    await active().use('billing');
    engine.clock.advance(30 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('stays away where the person has left it', async () => {
    await active().use('sandbox');
    expect(active().returns).toBeNull();
    engine.clock.advance(31 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('is over on time where the machine slept', () => {
    engine.clock.sleep(30 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('is written down as over soon after a sleep, though nobody asks', async () => {
    engine.clock.sleep(30 * minute);
    engine.clock.advance(15_000);
    expect(await written()).toEqual({ active: 'sandbox', returns: null });
  });

  it('is over on time where the wall clock was set back', () => {
    engine.clock.setWallClock(-300 * minute);
    engine.clock.advance(30 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('is counted down over a restart', () => {
    engine.clock.advance(20 * minute);
    engine.core.restart();
    expect(active().name).toBe('production');
    engine.clock.advance(10 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('has no more than its time where the wall clock was set back over a restart', () => {
    engine.clock.setWallClock(-300 * minute);
    engine.core.restart();
    engine.clock.advance(30 * minute);
    expect(active().name).toBe('sandbox');
  });

  it('that was itself to be gone back to leaves no profile active', async () => {
    await change('sandbox', true);
    await active().use('sandbox');
    expect(active().returns?.to).toBeNull();
  });

  it('is over at once where Latchkey starts again after the time', async () => {
    engine.clock.sleep(40 * minute);
    engine.core.restart();
    expect(active().name).toBe('sandbox');
    expect(await written()).toEqual({ active: 'sandbox', returns: null });
  });

  it('gives way to none where the profile before it was removed', async () => {
    await engine.core.profiles.remove('sandbox');
    engine.clock.advance(30 * minute);
    expect(active().name).toBeNull();
  });

  it('gives way to the profile before it under its new name', async () => {
    const sandbox = engine.core.configuration.current.profiles.find(({ name }) => name === 'sandbox');
    if (!sandbox) throw new Error('no sandbox');
    await engine.core.profiles.save({ ...sandbox, name: 'playground' }, 'sandbox');
    engine.clock.advance(30 * minute);
    expect(active().name).toBe('playground');
  });

  it('that is removed leaves no profile active, and no countdown', async () => {
    await engine.core.profiles.remove('production');
    expect([active().name, active().returns]).toEqual([null, null]);
  });

  it('that is no longer protected stays', async () => {
    await change('production', false);
    engine.clock.advance(60 * minute);
    expect(active().name).toBe('production');
    expect(active().returns).toBeNull();
  });
});

describe('an active profile that becomes protected', () => {
  it('has its time from then on', async () => {
    await active().use('sandbox');
    await change('sandbox', true);
    expect(active().returns?.to).toBeNull();
    engine.clock.advance(30 * minute);
    expect(active().name).toBeNull();
  });
});

describe('the session of a protected profile', () => {
  it('is asked for 15 minutes, whatever the profile says', async () => {
    await engine.core.addProfile({ name: 'long', protected: true, durationSeconds: 7200 });
    const session = await engine.byPerson('long');
    expect(Math.abs(session.expiresAtMs - engine.clock.now() - 15 * minute)).toBeLessThan(2000);
  });

  it('is renewed no more once it has left the active place', async () => {
    await active().use('sandbox');
    await active().use('production');
    await engine.byPerson('production');
    for (let minutes = 0; minutes < 60; minutes++) {
      engine.clock.advance(minute);
      await engine.settle();
    }
    expect(engine.core.sessions.take('production')).toBeUndefined();
    expect(engine.core.sts.calls()['AssumeRole']).toBeLessThanOrEqual(5);
  });
});

async function change(name: string, isProtected: boolean): Promise<void> {
  const profile = engine.core.configuration.current.profiles.find((other) => other.name === name);
  if (!profile) throw new Error(`no ${name}`);
  await engine.core.profiles.save({ ...profile, protected: isProtected }, name);
  await written();
}
