import { beforeEach, describe, expect, it } from 'vitest';
import { SharedWaits } from '../../main/clients/shared-waits.ts';

let waits: SharedWaits<string>;
let begun: { resolve: (result: string) => void; reject: (error: unknown) => void }[];

const begin = () =>
  new Promise<string>((resolve, reject) => {
    begun.push({ resolve, reject });
  });
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  waits = new SharedWaits();
  begun = [];
});

describe('those who wait for the same', () => {
  it('share it: it is begun once, and all are told', async () => {
    const all = [waits.join('one', begin), waits.join('one', begin)];
    const other = waits.join('other', begin);
    expect(begun).toHaveLength(2);
    begun[0]?.resolve('here');
    expect(await Promise.all(all)).toEqual(['here', 'here']);
    begun[1]?.resolve('there');
    expect(await other).toBe('there');
  });

  it('are all told what went wrong', async () => {
    const all = [waits.join('one', begin), waits.join('one', begin)].map((wait) =>
      wait.catch((error: unknown) => (error instanceof Error ? error.message : error)),
    );
    begun[0]?.reject(new Error('on purpose'));
    expect(await Promise.all(all)).toEqual(['on purpose', 'on purpose']);
  });

  it('begin anew once it is there', async () => {
    const first = waits.join('one', begin);
    begun[0]?.resolve('first');
    await first;
    void waits.join('one', begin);
    expect(begun).toHaveLength(2);
  });

  it('begin nothing where they have left already', async () => {
    await expect(waits.join('one', begin, AbortSignal.abort())).rejects.toThrow('has left');
    expect(begun).toHaveLength(0);
  });

  it('are forgotten when they leave, and it goes on', async () => {
    const leaving = new AbortController();
    let told: string | undefined;
    void waits.join('one', begin, leaving.signal).then((result) => (told = result));
    leaving.abort();
    const stayed = waits.join('one', begin);
    expect(begun).toHaveLength(1);
    begun[0]?.resolve('here');
    expect(await stayed).toBe('here');
    await settle();
    expect(told).toBeUndefined();
  });
});
