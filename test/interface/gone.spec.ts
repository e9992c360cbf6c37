import { expect, test } from './latchkey.ts';
import { LatchkeyWindow } from './window.ts';

test('a broker that has ended is said to be gone', async ({ latchkey, page }) => {
  await page.goto(latchkey.link);
  const window = new LatchkeyWindow(page);
  await expect(window.button('Add an access key')).toBeVisible();
  await latchkey.end();
  await window.button('Add an access key').click();
  await window.addKey({
    label: 'work',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  });
  await expect(window.heading('Latchkey is not running')).toBeVisible();
});
