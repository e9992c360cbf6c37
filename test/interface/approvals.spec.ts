import { enterVault, expect, test } from './latchkey.ts';
import { writeProgram } from './program.ts';

test.beforeEach(async ({ latchkey }) => {
  await enterVault(latchkey);
});

test('a program gets a protected profile once a person has allowed it, and not before', async ({
  latchkey,
  window,
}) => {
  await using program = await writeProgram('deploy.cjs');
  expect(await program.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
  const asking = window.page.getByRole('region', { name: 'Programs that wait to be allowed' });
  await expect(asking.getByRole('heading')).toHaveText(/Allow\s+deploy\.cjs\s+to use\s+vault\?/);
  await expect(asking).toContainText('444455556666');
  await asking.getByRole('button', { name: 'Always' }).click();
  await expect(asking).toBeHidden();
  expect(await program.ask(latchkey.imds, 'vault')).toBe('Success');
  await using other = await writeProgram('other.cjs');
  expect(await other.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
});

test('a program that was allowed once has to be allowed again', async ({ latchkey, window }) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'vault');
  await window.page.getByRole('button', { name: 'Once' }).click();
  expect(await program.ask(latchkey.imds, 'vault')).toBe('Success');
  expect(await program.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
});

test('a program that was denied is refused without being asked about again', async ({ latchkey, window }) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'vault');
  const deny = window.page.getByRole('button', { name: 'Deny' });
  await deny.click();
  await expect(deny).toBeHidden();
  expect(await program.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
  await expect(deny).toBeHidden();
});

test('what is decided lastingly is shown by its file', async ({ latchkey, window }) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'vault');
  const asking = window.page.getByRole('region', { name: 'Programs that wait to be allowed' });
  await expect(asking).toContainText(/Known again by\s*deploy\.cjs \(\/\S+\/deploy\.cjs\) by node/);
});

test('a request that has moved under the pointer takes no click for a moment', async ({
  latchkey,
  window,
}) => {
  await using first = await writeProgram('first.cjs');
  await using second = await writeProgram('second.cjs');
  await first.ask(latchkey.imds, 'vault');
  await second.ask(latchkey.imds, 'vault');
  const waiting = async () => (await latchkey.call('state.read', {})).status.approvalRequests;
  await expect(window.page.getByRole('button', { name: 'Always' })).toHaveCount(2);
  await window.page.waitForTimeout(600);
  // As soon as the first one's end has moved the other: sooner than any hand.
  const clicked = window.page.evaluate(`new Promise((resolve) => {
    const always = () => [...document.querySelectorAll('button')].filter((button) => button.textContent.trim() === 'Always');
    const observer = new MutationObserver(() => {
      if (always().length !== 1) return;
      observer.disconnect();
      setTimeout(() => {
        always()[0].click();
        resolve();
      }, 0);
    });
    observer.observe(document.body, { childList: true, subtree: true });
  })`);
  await latchkey.call('approvals.deny', { id: (await waiting())[0]?.id ?? '' });
  await clicked;
  await window.page.waitForTimeout(200);
  expect(await waiting()).toMatchObject([{ program: { name: 'second.cjs' } }]);
  // A click that comes later counts.
  await window.page.getByRole('button', { name: 'Always' }).click();
  await expect(window.page.getByRole('button', { name: 'Always' })).toBeHidden();
  expect((await latchkey.call('state.read', {})).status.approvals).toMatchObject([{ allowance: 'always' }]);
});
