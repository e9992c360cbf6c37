import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementsOf, scrollTopToShow, topOf, totalHeight, visibleRows } from '../../renderer/parts/rows.ts';

const rows = { count: 10_000, rowHeight: 56, openIndex: -1, openHeight: 0, headed: [], headingHeight: 28 };

describe('the rows of a long list', () => {
  test('are drawn only where they can be seen, with a few beyond', () => {
    expect(visibleRows(rows, 5600, 560, 2)).toEqual({ first: 98, end: 113 });
  });

  test('are all drawn when they are few', () => {
    expect(visibleRows({ ...rows, count: 3 }, 0, 560)).toEqual({ first: 0, end: 3 });
  });

  test('are none in an empty list, wherever it was scrolled to', () => {
    expect(visibleRows({ ...rows, count: 0 }, 5600, 560)).toEqual({ first: 0, end: 0 });
  });

  test('make room for the details of the open one', () => {
    const open = { ...rows, openIndex: 1, openHeight: 200 };
    expect(topOf(open, 1)).toBe(56);
    expect(topOf(open, 2)).toBe(312);
    expect(totalHeight(open)).toBe(10_000 * 56 + 200);
  });

  test('make room for the headings above some', () => {
    const headed = { ...rows, headed: [0, 2] };
    expect(topOf(headed, 0)).toBe(0);
    expect(topOf(headed, 1)).toBe(84);
    expect(topOf(headed, 2)).toBe(140);
    expect(topOf(headed, 3)).toBe(224);
    expect(totalHeight(headed)).toBe(10_000 * 56 + 2 * 28);
  });

  test('are all drawn that overlap what can be seen, with any row open and headings above any', () => {
    const list = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      rowHeight: fc.constant(56),
      openIndex: fc.integer({ min: -1, max: 70 }),
      openHeight: fc.integer({ min: 0, max: 600 }),
      headed: fc.uniqueArray(fc.integer({ min: 0, max: 59 })).map((indexes) => indexes.sort((a, b) => a - b)),
      headingHeight: fc.constant(28),
    });
    fc.assert(
      fc.property(list, fc.nat(4000), fc.integer({ min: 1, max: 900 }), (some, scrollTop, height) => {
        const { first, end } = visibleRows(some, scrollTop, height, 0);
        for (let index = 0; index < some.count; index++) {
          const top = topOf(some, index);
          const bottom = topOf(some, index + 1);
          if (bottom > scrollTop && top < scrollTop + height) {
            expect(index).toBeGreaterThanOrEqual(first);
            expect(index).toBeLessThan(end);
          }
        }
      }),
    );
  });

  test('are scrolled to no further than needed', () => {
    expect(scrollTopToShow(rows, 3, 0, 560)).toBe(0);
    expect(scrollTopToShow(rows, 10, 0, 560)).toBe(56);
    expect(scrollTopToShow(rows, 2, 560, 560)).toBe(112);
  });

  test('are shown with their headings', () => {
    const headed = { ...rows, headed: [0, 10] };
    expect(scrollTopToShow(headed, 10, 0, 560)).toBe(10 * 56 + 28 + 84 - 560);
    expect(scrollTopToShow(headed, 10, 5000, 560)).toBe(588);
  });

  test('show the beginning of an open one that is higher than what can be seen', () => {
    expect(scrollTopToShow({ ...rows, openIndex: 5, openHeight: 900 }, 5, 0, 560)).toBe(280);
  });
});

describe('the elements of the drawn rows', () => {
  const none = new Map<string, symbol>();
  const before = elementsOf(['admin', 'reader', 'deploy'], none, true);

  test('are their own as long as they are drawn, wherever they move', () => {
    const after = elementsOf(['deploy', 'auditor', 'admin'], before, true);
    expect(after.get('admin')).toBe(before.get('admin'));
    expect(after.get('deploy')).toBe(before.get('deploy'));
  });

  test('go on as the rows of others, in their order, when they are drawn no more', () => {
    const after = elementsOf(['auditor', 'reader', 'support', 'billing'], before, true);
    expect([...after.values()].slice(0, 3)).toEqual([...before.values()]);
    expect(new Set(after.values()).size).toBe(4);
  });

  test('are new for new rows where none may be reused', () => {
    const after = elementsOf(['auditor', 'reader'], before, false);
    expect([...before.values()]).not.toContain(after.get('auditor'));
    expect(after.get('reader')).toBe(before.get('reader'));
  });

  test('is a new one for a new row that a screen reader is led to', () => {
    const after = elementsOf(['auditor', 'support'], before, true, 'auditor');
    expect([...before.values()]).not.toContain(after.get('auditor'));
    expect(after.get('support')).toBe(before.get('admin'));
  });
});
