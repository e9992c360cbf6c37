import { enterSample, expect, test } from './latchkey.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('reader')).toBeVisible();
});

test('a profile is found and used without leaving the search', async ({ latchkey, window }) => {
  const { keyboard } = window.page;
  await window.page.reload();
  await expect(window.search).toBeFocused();
  await keyboard.type('reader');
  await expect.poll(() => window.listedNames()).toEqual(['reader']);
  await keyboard.press('Enter');

  await expect(window.activeCard).toContainText('reader');
  await expect(window.activeCard).toContainText('Ready');
  await expect(window.row('reader')).toContainText('Active');
  await expect(window.row('reader')).toContainText(/1h|59m/);
  expect((await latchkey.call('state.read', {})).status.active).toBe('reader');
});

test('arrow keys choose among what was found', async ({ window }) => {
  const { keyboard } = window.page;
  await window.search.focus();
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await expect(window.row('not-mine')).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('ArrowUp');
  await expect(window.row('guarded')).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('Alt+Enter');
  await expect(window.page.getByText('arn:aws:iam::444455556666:role/Guarded')).toBeVisible();
  await expect(window.search).toBeFocused();
});

test('account, role and base are searched, and nothing found is said', async ({ window }) => {
  await window.search.fill('444455556666 work');
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
  await window.search.fill('NamesBob');
  await expect.poll(() => window.listedNames()).toEqual(['not-mine']);
  await window.search.fill('nowhere');
  await expect(window.heading('No profile matches “nowhere”')).toBeVisible();
  await window.page.keyboard.press('Escape');
  await expect.poll(() => window.listedNames()).toHaveLength(3);
});

test('a role that STS refuses is active and failed, with the reason and AWS’s request ID', async ({
  window,
}) => {
  await window.search.fill('not-mine');
  await window.page.keyboard.press('Enter');
  await expect(window.activeCard).toContainText('Failed');
  await expect(window.activeCard).toContainText('AccessDenied');
  await expect(window.row('not-mine')).toContainText('Failed');
  // Once, where it stands, and not a second time above the list.
  await expect(window.notice).toHaveCount(0);
  await window.activeCard.getByText('Details').click();
  await expect(window.activeCard).toContainText(/AWS request ID\s*[0-9a-f-]{36}/);
});

test('what others change is followed', async ({ latchkey, window }) => {
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('reader');
  await latchkey.call('profiles.remove', { name: 'not-mine' });
  await expect(window.row('not-mine')).toHaveCount(0);
});
