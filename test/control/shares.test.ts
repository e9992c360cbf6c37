import { describe, expect, it } from 'vitest';
import { Shares } from '../../main/control/shares.ts';

/** How many of so many places a group gets. */
function taken(shares: Shares, tries: number, group: string | undefined): Disposable[] {
  return Array.from({ length: tries }, () => shares.take(group)).filter((place) => place !== undefined);
}

describe('of what there is only so much of', () => {
  it('one group has a quarter, whatever others have', () => {
    const shares = new Shares(16);
    expect(taken(shares, 16, 'one')).toHaveLength(4);
    expect(taken(shares, 16, 'another')).toHaveLength(4);
  });

  it('all groups together have no more than there is', () => {
    const shares = new Shares(16);
    const all = ['one', 'two', 'three', 'four', 'five'].flatMap((group) => taken(shares, 4, group));
    expect(all).toHaveLength(16);
    expect(shares.take('five')).toBeUndefined();
  });

  it('who is the only one there is has all of it', () => {
    const shares = new Shares(16);
    expect(taken(shares, 20, undefined)).toHaveLength(16);
  });

  it('what is given back is there again, for its group and for all', () => {
    const shares = new Shares(4);
    const first = shares.take('one');
    const others = ['two', 'three', 'four'].flatMap((group) => taken(shares, 1, group));
    expect(others).toHaveLength(3);
    first?.[Symbol.dispose]();
    const again = shares.take('one');
    expect(again).toBeDefined();
    again?.[Symbol.dispose]();
    expect(shares.take('five')).toBeDefined();
  });
});
