import { test, expect } from '@playwright/test';
import { startApp, enterSample } from './running-app.ts';
test('smoke', async () => {
  await using app = await startApp({ secrets: 'memory' });
  await enterSample(app);
  console.log(app.output());
  await app.page.waitForTimeout(1000);
  await app.page.screenshot({ path: '/tmp/stand/win1.png' });
  console.log(await app.page.content().then(c=>c.slice(0,500)));
  console.log(await app.page.evaluate(() => [typeof (window as any).require, typeof (window as any).process, Object.keys((window as any).latchkey)]));
  await app.call('profiles.use', { name: 'reader' });
  void app.call('profiles.use', { name: 'guarded' }).catch(()=>0);
  await app.page.waitForTimeout(1500);
  await app.page.screenshot({ path: '/tmp/stand/win2.png' });
  (await import('node:child_process')).execSync('import -window root /tmp/stand/root3.png');
  console.log(app.output());
  expect(1).toBe(1);
});
