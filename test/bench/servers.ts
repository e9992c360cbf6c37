/** The two servers that are compared, each in a process of its own. */
import { createServer } from 'node:http';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { openClients } from '../../main/clients/clients.ts';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { serveEndpoint } from '../../main/endpoint/server.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { listenOnLoopback } from '../../main/platform/loopback.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Secret } from '../../main/secret.ts';
import type { Session } from '../../main/sts/session.ts';
import { temporaryHome } from '../fixtures/core.ts';

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

const profiles = 10_000;

/** The endpoint as it is shipped, every check, attribution and the audit log included, with a session in memory. */
async function serveLatchkey(): Promise<number> {
  const { path: home } = await temporaryHome();
  const clock = systemClock;
  const configuration = await ConfigurationStore.open(home);
  await configuration.update((before) => ({
    ...before,
    keys: [
      {
        label: 'work',
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        region: 'us-east-1',
        accountId: '123456789012',
        userArn: 'arn:aws:iam::123456789012:user/alice',
        addedAtMs: 0,
      },
    ],
    profiles: ['reader', ...Array.from({ length: profiles - 1 }, (_, index) => `reader-${index}`)].map(
      (name) =>
        profileSchema.parse({
          name,
          roleArn: 'arn:aws:iam::123456789012:role/Reader',
          base: { key: 'work' },
          region: 'eu-central-1',
        }),
    ),
  }));
  const session: Session = {
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    sessionToken: new Secret('x'.repeat(356)),
    issuedAtMs: Date.now(),
    expiresAtMs: Date.now() + 3_600_000,
  };
  const peer = peerIdentity();
  const clients = openClients({
    clock,
    configuration,
    active: { name: 'reader' },
    sessions: {
      isLocked: false,
      take: () => session,
      acquire: () => Promise.resolve(session),
      standing: () => ({ state: 'active', expiresAtMs: session.expiresAtMs, problem: undefined }),
    },
    peer,
    audit: await AuditLog.open({ home, clock, secrets: memorySecretStore() }),
  });
  const endpoint = await serveEndpoint({
    port: 0,
    clock,
    peer,
    clients,
    isV1On: () => false,
    linkLocalIsOn: () => false,
  });
  return Number(new URL(endpoint.url).port);
}
