import type { Page } from '@playwright/test';
import { aliceKeys, bobKeys } from '../sts/sample-world.ts';
import { expect, test } from './latchkey.ts';

/** The page's whole JavaScript heap, as text, after what can be collected has been. */
async function heapOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return chunks.join('');
}

/** A part of a secret that JSON writes as it is. */
const tellingPart = (secret: string) => secret.slice(-20);

test('a secret is not in the window’s memory after its form was sent, taken or not', async ({ window }) => {
  await window.button('Add an access key').click();
  await window.addKey({ label: 'work', ...aliceKeys, secretAccessKey: bobKeys.secretAccessKey });
  await expect(window.page.getByText('The secret was not kept')).toBeVisible();
  expect((await heapOf(window.page)).includes(tellingPart(bobKeys.secretAccessKey))).toBe(false);
  await window.typeSecret(aliceKeys.secretAccessKey);
  await window.button('Verify and add').click();
  await expect(window.heading('AWS knows this key')).toBeVisible();

  const heap = await heapOf(window.page);
  // What is in the memory is found there: the key's ID is shown.
  expect(heap.includes(aliceKeys.accessKeyId)).toBe(true);
  expect(heap.includes(tellingPart(bobKeys.secretAccessKey))).toBe(false);
  expect(heap.includes(tellingPart(aliceKeys.secretAccessKey))).toBe(false);
});
