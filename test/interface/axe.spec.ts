/** axe in every place and every look: all its rules of WCAG 2 to level AA, and those it calls good practice. */
import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { expect, test } from './latchkey.ts';
import { places } from './places.ts';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** By name, since some of them are off unless they are named. */
const rules = axe.getRules(tags).filter((rule) => !rule.tags.includes('deprecated'));

const looks = [
  ['light', { colorScheme: 'light', forcedColors: 'none' }],
  ['dark', { colorScheme: 'dark', forcedColors: 'none' }],
  ['forced colours', { colorScheme: 'dark', forcedColors: 'active' }],
] as const;

/** What axe finds in the page as it stands, one line each: the rule, where, and what it says of it. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(
    async (ids) => {
      return axe.run({ runOnly: { type: 'rule', values: ids }, resultTypes: ['violations'] });
    },
    rules.map(({ ruleId }) => ruleId),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${String(target)}: ${failureSummary ?? ''}`),
  );
}

for (const [name, enter] of places) {
  test(`axe finds nothing: ${name}`, async ({ latchkey, window }) => {
    // Colours that are still on their way to another look's would be judged as they are by chance.
    await window.page.emulateMedia({ reducedMotion: 'reduce' });
    await enter(latchkey, window);
    // Into the page by the debugger: its content security policy stays as it is.
    await window.page.evaluate(axe.source);
    const found: string[] = [];
    for (const [look, media] of looks) {
      await window.page.emulateMedia(media);
      for (const finding of await findings(window.page)) found.push(`${look}: ${finding}`);
    }
    expect(found).toEqual([]);
  });
}
