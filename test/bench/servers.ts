/** The two servers that are compared, each in a process of its own. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../main/platform/loopback.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { serveEngine, startEngine } from '../fixtures/engine.ts';

export type ServerName = 'latchkey' | 'bare';

/** Serves until the process is ended. @returns the port */
export async function serve(name: ServerName): Promise<number> {
  return name === 'bare' ? serveBare() : serveLatchkey();
}

/** What the embedded STS's credentials make. */
const answerBytes = 701;

/** What `node:http` does at best: one fixed answer of the same size, and no question asked. */
function serveBare(): Promise<number> {
  const body = Buffer.alloc(answerBytes, 'x');
  return listenOnLoopback(
    createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain');
      response.setHeader('Content-Length', body.length);
      response.end(body);
    }),
    0,
  );
}

const profiles = 10_000;

/** The endpoint as it is shipped, with every check, attribution, sessions and the audit log. */
async function serveLatchkey(): Promise<number> {
  const reader = profileSchema.parse({
    name: 'reader',
    roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    base: { key: 'work' },
    region: 'eu-central-1',
  });
  const others = Array.from({ length: profiles - 1 }, (_, number) => ({
    ...reader,
    name: `reader-${number}`,
  }));
  // Until the process is ended.
  const opened = new Resources();
  const engine = await startEngine(opened, [reader, ...others]);
  await engine.active.use(reader.name);
  await engine.sessions.acquire({ cause: 'person', profile: reader.name });
  return Number(new URL(await serveEngine(opened, engine)).port);
}
