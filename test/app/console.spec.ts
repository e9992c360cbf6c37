import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from '@playwright/test';
import { desktop, enterSample, startApp } from './running-app.ts';

test.skip(desktop.missing, desktop.note);
test.skip(process.platform !== 'linux', 'elsewhere nothing stands in for the desktop’s browser');

test('the window opens the AWS console in the desktop’s browser, with no secret on its command line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-browser-'));
  try {
    const seen = join(folder, 'seen');
    const browser = join(folder, 'xdg-open');
    await writeFile(
      browser,
      `#!/bin/sh\necho "$@" >${seen}.draft\ncurl -sL "$1" >>${seen}.draft\nmv ${seen}.draft ${seen}\n`,
    );
    await chmod(browser, 0o700);
    await using app = await startApp({
      env: { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    await enterSample(app);
    const answer = await app.page.evaluate(
      `latchkey.call('console.open', { name: 'reader', service: 's3' })`,
    );
    expect(answer).toEqual({ value: {} });
    await expect.poll(() => readFile(seen, 'utf8').catch(() => '')).not.toBe('');
    const [commandLine, ...page] = (await readFile(seen, 'utf8')).split('\n');
    expect(commandLine).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/once\/[\w-]{43}$/);
    expect(page.join('\n')).toContain('assumed-role/Reader/alice');
  } finally {
    await rm(folder, { recursive: true });
  }
});
