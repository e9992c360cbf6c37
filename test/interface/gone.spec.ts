import { expect, test } from './latchkey.ts';
import { LatchkeyWindow } from './window.ts';

test('an idle page says by itself that the broker has ended, and how to go on', async ({
  latchkey,
  page,
}) => {
  await page.goto(latchkey.link);
  const window = new LatchkeyWindow(page);
  await expect(window.button('Add an access key')).toBeVisible();
  await latchkey.end();
  await expect(window.heading('Latchkey is not running')).toBeVisible();
  await expect(page.getByRole('main').getByText('latchkey open')).toBeVisible();
});
