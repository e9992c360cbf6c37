import { runnerImport } from 'vite';
const { module: { serveBrowser } } = await runnerImport('/work/main/main/control/browser.ts', { configFile: false, logLevel: 'error' });
const { module: { ServiceStandIn } } = await runnerImport('/work/main/test/control/service-stand-in.ts', { configFile: false, logLevel: 'error' });
import net from 'node:net';
const s = await serveBrowser({ service: new ServiceStandIn(), peer: { isOwnUser: async () => true }, clock: { now: Date.now }, folder: '/work/main/dist/renderer' });
const u = new URL(s.origin); const t = Date.now();
for (const [n, d] of [['partial', 'GET / HTTP/1.1\r\nHost: '], ['silent', ''], ['slow body', `POST /exchange HTTP/1.1\r\nHost: ${u.host}\r\nOrigin: ${s.origin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`], ['idle after answer', `GET / HTTP/1.1\r\nHost: ${u.host}\r\n\r\n`]])
  await new Promise(r => { const c = net.connect(+u.port, u.hostname); let got=''; c.on('data', x => got += x); c.write(d); const t0 = Date.now(); c.on('close', () => { console.log(n, Date.now() - t0, got.slice(0, 30)); r(); }); });
await s[Symbol.asyncDispose]();
