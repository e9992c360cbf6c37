/** What a web page in the person's own browser can do to the endpoint: nothing. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { chromium, type Page } from '@playwright/test';
import { chromiumOptions } from '../../playwright.config.ts';
import { enterSample, expect, test, type Latchkey } from './latchkey.ts';

const credentials = '/latest/meta-data/iam/security-credentials/reader';

/** A browser in which a name leads to this machine, as a name server of the attacker's could have it. */
async function openRebound(name: string): Promise<AsyncDisposable & { readonly page: Page }> {
  const browser = await chromium.launch({
    ...chromiumOptions,
    args: [
      ...chromiumOptions.args,
      `--host-resolver-rules=MAP ${name} 127.0.0.1`,
      // Its own gate in front of local addresses came late, and other browsers have none: ours has to do alone.
      '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
    ],
  });
  return { page: await browser.newPage(), [Symbol.asyncDispose]: () => browser.close() };
}

/** A page of another site on this machine, with this in its body. */
async function serveSite(html: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server: Server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><title>site</title>${html}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a page reads when it asks its own origin as an SDK would: first a token, then credentials. */
function askLikeAnSdk(page: Page): Promise<string[]> {
  return page.evaluate(async (path) => {
    const read = async (target: string, init: RequestInit) => {
      const answer = await fetch(target, init).catch(() => undefined);
      return answer === undefined ? 'nothing' : `${answer.status} ${await answer.text()}`;
    };
    const token = await read('/latest/api/token', {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    const headers = { 'X-aws-ec2-metadata-token': token.slice(4) };
    return [token, await read(path, { headers }), await read(path, {})];
  }, credentials);
}

async function refusalsOf(latchkey: Latchkey): Promise<number> {
  const { status } = await latchkey.call('state.read', {});
  return status.refusals.reduce((sum, { count }) => sum + count, 0);
}

test.beforeEach(async ({ latchkey }) => {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
});

test('a page whose name was turned to this machine gets nothing, by any method', async ({ latchkey }) => {
  const { port } = new URL(latchkey.imds);
  await using rebound = await openRebound('evil.example');
  const origin = `http://evil.example:${port}`;
  // The attacker's own server gave the page, before the name led here.
  await rebound.page.route(`${origin}/`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>evil</title>' }),
  );
  await rebound.page.goto(`${origin}/`);
  const before = await refusalsOf(latchkey);
  const answers = await askLikeAnSdk(rebound.page);
  expect(answers.join()).not.toMatch(/^200|ASIA|SecretAccessKey/);
  expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['400', '403', '403']);
  expect(await refusalsOf(latchkey)).toBe(before + 3);
});

test('a page that is opened at the endpoint itself gets nothing', async ({ latchkey, page }) => {
  const response = await page.goto(`${latchkey.imds}latest/meta-data/`);
  expect(response?.status()).toBe(403);
  expect((await askLikeAnSdk(page)).join()).not.toContain('ASIA');
});

test('a form, an image, a script and a fetch of another site get nothing and change nothing', async ({
  latchkey,
  page,
}) => {
  const target = `${latchkey.imds.slice(0, -1)}${credentials}`;
  await using site = await serveSite(`
    <form method="post" action="${target}"><button>send</button></form>
    <img src="${target}" alt="">
    <script src="${target}"></script>`);
  const before = await refusalsOf(latchkey);
  await page.goto(site.url);
  const read = await page.evaluate(async (url) => {
    const readable = await fetch(url).then(
      (answer) => answer.text(),
      () => 'nothing',
    );
    const opaque = await fetch(url, { mode: 'no-cors' }).then(
      ({ type, status }) => `${type} ${status}`,
      () => 'nothing',
    );
    return [readable, opaque];
  }, target);
  expect(read[0]).toBe('nothing');
  expect(['opaque 0', 'nothing']).toContain(read[1]);
  await page.getByRole('button', { name: 'send' }).click();
  await page.waitForURL(target);
  expect(await page.locator('body').textContent()).not.toContain('ASIA');
  expect(await refusalsOf(latchkey)).toBeGreaterThan(before);
});
