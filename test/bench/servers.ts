/** The two servers that are compared, each in a process of its own. */
import { createServer } from 'node:http';
import { HandedOut } from '../../main/clients/handed-out.ts';
import { Programs } from '../../main/clients/programs.ts';
import { serveEndpoint } from '../../main/endpoint/server.ts';
import { listenOnLoopback } from '../../main/platform/loopback.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Secret } from '../../main/secret.ts';
import type { Session } from '../../main/sts/session.ts';

export type ServerName = 'latchkey' | 'bare';

/** Serves until the process is ended. @returns the port */
export async function serve(name: ServerName): Promise<number> {
  return name === 'bare' ? serveBare() : serveLatchkey();
}

/** What `node:http` does at best: one fixed answer of the same size, and no question asked. */
function serveBare(): Promise<number> {
  const body = Buffer.alloc(650, 'x');
  return listenOnLoopback(
    createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain');
      response.setHeader('Content-Length', body.length);
      response.end(body);
    }),
    0,
  );
}

/** The endpoint as it is shipped, every check included, with a session in memory. */
async function serveLatchkey(): Promise<number> {
  const profile = profileSchema.parse({
    name: 'reader',
    roleArn: 'arn:aws:iam::123456789012:role/Reader',
    base: { key: 'work' },
    region: 'eu-central-1',
  });
  const session: Session = {
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    sessionToken: new Secret('x'.repeat(356)),
    issuedAtMs: Date.now(),
    expiresAtMs: Date.now() + 3_600_000,
  };
  const peer = peerIdentity();
  const programs = new Programs(systemClock, peer);
  const handedOut = new HandedOut(systemClock);
  const endpoint = await serveEndpoint({
    port: 0,
    clock: systemClock,
    peer,
    source: {
      profile: () => profile,
      take: () => session,
      acquire: () => Promise.resolve(session),
      isWaitingForMfa: () => false,
      connected: (socket) => {
        void programs.whereCheap(socket);
      },
      handedOut: (name, handed, socket) => {
        handedOut.note(name, handed, socket, () => programs.whereCheap(socket));
      },
    },
  });
  return Number(new URL(endpoint.url).port);
}
