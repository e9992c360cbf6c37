import { enterSample, expect, test } from './latchkey.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
});

test('the row that a screen reader is led to is a new one, so that it is told of it', async ({ window }) => {
  await window.search.fill('guarded');
  await expect.poll(() => window.listedNames()).toEqual(['guarded']);
  const guarded = await window.row('guarded').elementHandle();
  await window.search.fill('reader');
  await expect.poll(() => window.listedNames()).toEqual(['reader']);
  const id = await window.row('reader').getAttribute('id');
  await expect(window.search).toHaveAttribute('aria-activedescendant', String(id));
  expect(await guarded.isVisible()).toBe(false);
});

test('the focus in a row does not go on to another profile that takes its place', async ({
  latchkey,
  window,
}) => {
  await window.button('Details of reader').focus();
  const profile = {
    name: 'writer',
    roleArn: 'arn:aws:iam::444455556666:role/Writer',
    base: { key: 'work' },
    region: 'eu-central-1',
  };
  await latchkey.call('profiles.save', { profile, replaces: 'reader' });
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'writer']);
  await expect(window.button('Details of writer')).not.toBeFocused();
});
