import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import * as z from 'zod/mini';
import { openKeychain } from '../../main/platform/keychain.ts';
import { search } from '../end-to-end/search.ts';
import { LatchkeyWindow, MfaPanel } from '../interface/window.ts';
import { unlockedSecretService } from '../platform/secret-service.ts';
import { aliceKeys, aliceSeed } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { desktop, enterProfiles, startApp } from './running-app.ts';
import { servedCredentials } from './served-credentials.ts';

test.skip(desktop.missing, desktop.note);
test.skip(unlockedSecretService.missing, unlockedSecretService.note);

test.afterEach(async () => {
  // Where the tests run in a person's own session, this is the person's own keychain.
  await openKeychain().remove(aliceKeys.accessKeyId);
});

test('after a full run no secret is in the window, the output or the data folder', async () => {
  await using app = await startApp({ secrets: 'keychain' });
  const window = new LatchkeyWindow(app.page);

  await window.button('Add an access key').click();
  await window.addKey({ label: 'work', ...aliceKeys });
  await expect(window.heading('AWS knows this key')).toBeVisible();
  await window.button('Done').click();
  await enterProfiles(app);
  await app.call('profiles.use', { name: 'reader' });
  const reader = await servedCredentials(app.imds);
  const using = app.call('profiles.use', { name: 'guarded' });
  await new MfaPanel(window, 'alice').code.pressSequentially(totp(aliceSeed, Date.now()));
  await using;
  const guarded = await servedCredentials(app.imds);
  const handedOut = [reader, guarded].flatMap((keys) => [keys.secretAccessKey, keys.sessionToken]);

  // What is planted where a secret might be must be found there, or the search says nothing.
  const marker = `planted/${String(Date.now())}/marker`;
  await app.page.evaluate(
    (text) => Object.assign(globalThis, { planted: { secretAccessKey: text } }),
    marker,
  );
  await app.electron.evaluate((_electron, text) => console.error(text), marker);
  await writeFile(join(app.home, 'planted'), Buffer.from(marker, 'utf16le'));

  const heap = await heapOf(app.page);
  await app.electron.close();
  const where = { folder: app.home, texts: { heap, output: app.output() } };
  expect(await search({ ...where, secrets: [aliceKeys.secretAccessKey, ...handedOut] })).toEqual([]);
  expect(await search({ ...where, secrets: [marker] })).toEqual(['heap', 'output', 'planted']);
});

/** Every string in the page's V8 heap, of the page and of the preload's isolated world. Garbage is collected first. */
async function heapOf(page: Page): Promise<string> {
  const devtools = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  devtools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await devtools.detach();
  return z
    .object({ strings: z.array(z.string()) })
    .parse(JSON.parse(chunks.join('')))
    .strings.join('\n');
}
