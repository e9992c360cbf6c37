/** The server for the `latchkey` command and for `credential_process`: a Unix socket that only its user can open, or a named pipe. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { groupOf } from '../approvals/process-tree.ts';
import { programBehind } from '../clients/behind-commands.ts';
import type { Clients } from '../clients/clients.ts';
import type { ContainerTokens } from '../clients/container-tokens.ts';
import { Failure } from '../failure.ts';
import { controlAddress } from '../platform/data-folder.ts';
import { writePrivateFile } from '../platform/private-file.ts';
import { ensurePrivateFolder } from '../platform/private-folder.ts';
import { closeServer } from '../platform/loopback.ts';
import type { Client, Clock, PeerIdentity } from '../platform/ports.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { addressNote, notedAddress } from './address.ts';
import type { Caller } from './caller.ts';
import { brokerAt, challengeHeader, isMissing, versionHeader } from './client.ts';
import { answerCredentials, profileInPath } from './credentials.ts';
import { bounds, contractRoutes, createBoundedServer, isSentBy, sendAnswer } from './http.ts';
import { answerLaunch, launchedProfile } from './launch.ts';
import { admitOwnClientsOnly } from './local-clients.ts';
import type { ServiceByCaller } from './service.ts';
import { Shares } from './shares.ts';

export interface LocalSocketOptions {
  readonly service: ServiceByCaller;
  readonly clients: Pick<Clients, 'connections' | 'source'> & {
    readonly containerTokens: Pick<ContainerTokens, 'launch'>;
  };
  readonly sessions: Pick<Sessions, 'hold'>;
  /** The endpoint's base URL; empty until it listens. */
  readonly endpointUrl: () => string;
  readonly clock: Clock;
  readonly peer: PeerIdentity;
  /** This Latchkey's, which each answer tells. */
  readonly version: string;
}

/**
 * Serves a data folder, as its only broker: also one that was started in another environment, whose socket is elsewhere,
 * is found.
 *
 * Fails with `AlreadyRunning` where the folder has a broker.
 */
export async function serveDataFolder(
  options: LocalSocketOptions & { readonly home: string },
): Promise<AsyncDisposable> {
  const { home } = options;
  const address = controlAddress(home);
  return await inTurn(join(home, '.starting'), async () => {
    const noted = notedAddress(home);
    if (noted !== undefined && (await isListening(noted))) throw await alreadyRunning(noted);
    const served = await serveLocalSocket(options, address);
    const note = await noteAddress(home, address);
    return {
      async [Symbol.asyncDispose]() {
        await note[Symbol.asyncDispose]();
        await served[Symbol.asyncDispose]();
      },
    };
  });
}

/** Notes an address until the result is disposed. @throws Failure Internal where the data folder cannot be written to */
async function noteAddress(home: string, address: string): Promise<AsyncDisposable> {
  await writePrivateFile(addressNote(home), `${address}\n`);
  return {
    [Symbol.asyncDispose]: async () => {
      if (notedAddress(home) === address) await rm(addressNote(home), { force: true });
    },
  };
}

/**
 * Serves the contract and `credential_process` at `address`, see `controlAddress`, to this user's programs. Disposing
 * the result ends all connections and removes the socket, unless somebody put another in its place.
 *
 * Fails with `AlreadyRunning` where a broker listens there already; a socket that a dead broker left is replaced.
 * Of several that start at once exactly one gets the address.
 */
export async function serveLocalSocket(
  options: LocalSocketOptions,
  address: string,
): Promise<AsyncDisposable> {
  const { service, clients, sessions, clock, peer, version, endpointUrl } = options;
  const { source, containerTokens: tokens } = clients;
  const routes = contractRoutes();
  const server = createBoundedServer((request, response) => {
    response.setHeader(versionHeader, version);
    const client = clientOn(request.socket);
    const wanted = request.headersDistinct[versionHeader]?.[0] ?? version;
    if (wanted !== version)
      return sendAnswer(response, {
        problem: { code: 'Refused', message: `This Latchkey is version ${version}, not the one asked for.` },
      });
    const behind = () =>
      clients.connections.add(async () => {
        const known = await client;
        return known && programBehind(known);
      });
    if (isSentBy(request, ['browser', 'proxy'])) {
      source.refused(behind(), 'the local socket serves nothing that a browser or a proxy sent');
      return sendAnswer(response, {
        problem: { code: 'Refused', message: 'This socket is for programs of this user only.' },
      });
    }
    const profile = profileInPath(request);
    if (profile !== undefined) return void answerCredentials({ clock, source }, behind(), profile, response);
    const launched = launchedProfile(request);
    if (launched !== undefined) {
      const parts = { source, sessions, tokens, endpointUrl: endpointUrl() };
      return void answerLaunch(parts, { client, connection: behind() }, launched, response);
    }
    const challengeAnswer = request.headersDistinct[challengeHeader]?.[0];
    const caller: Caller = { from: 'command', client, challengeAnswer };
    if (!routes.handle(request, response, service.by(caller), groupOfClient(client)))
      sendAnswer(response, {
        problem: { code: 'NotFound', message: `There is no ${request.method ?? ''} ${request.url ?? ''}.` },
      });
  });
  // Each program that was launched with a token keeps one.
  server.maxConnections = bounds.localConnections;
  const clientOn = admitOwnClientsOnly(server, peer, () =>
    source.refused(
      undefined,
      'the connection to the local socket is not known to be of a program of this user',
    ),
  );
  const connectionsAtOnce = new Shares(bounds.localConnections);
  server.on('connection', (socket: Socket) => {
    void groupOfClient(clientOn(socket)).then((group) => {
      const place = connectionsAtOnce.take(group);
      if (!place) {
        socket.destroy();
        source.refused(undefined, 'too many connections to the local socket are open');
      } else if (socket.closed) place[Symbol.dispose]();
      else
        socket.once('close', () => {
          place[Symbol.dispose]();
        });
    });
  });
  const remove =
    process.platform === 'win32' ? await listenOnPipe(server, address) : await listen(server, address);
  return {
    async [Symbol.asyncDispose]() {
      remove();
      routes[Symbol.dispose]();
      await closeServer(server);
    },
  };
}

/** Whose share of the socket's places it is: programs that cannot be told have one together. */
async function groupOfClient(client: Promise<Client | undefined>): Promise<string> {
  const known = await client;
  return known ? groupOf(known) : 'unknown';
}

/** A pipe's name goes with its last process, and the first to make it is the only one. */
async function listenOnPipe(server: Server, name: string): Promise<() => void> {
  try {
    server.listen(name);
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw await alreadyRunning(name);
    throw error;
  }
  return () => undefined;
}

async function listen(server: Server, address: string): Promise<() => void> {
  ensurePrivateFolder(dirname(address));
  return await inTurn(`${address}.starting`, async () => {
    if (await isListening(address)) throw await alreadyRunning(address);
    checkReplaceable(address);
    return await bind(server, address);
  });
}

/** Takes the address, whatever socket is there. Gives what removes it again. */
async function bind(server: Server, address: string): Promise<() => void> {
  // Bound under another name first, for two reasons: at its address it is private and answers from the first
  // moment on; and Node removes what is at the path it was bound to when it closes, whoever's that is by then.
  const draft = join(dirname(address), `.${randomBytes(4).toString('hex')}`);
  server.listen(draft);
  await once(server, 'listening');
  try {
    chmodSync(draft, 0o600);
    renameSync(draft, address);
  } catch (error) {
    server.close();
    throw error;
  }
  const { dev, ino } = lstatSync(address);
  return () => {
    const there = lstatSync(address, { throwIfNoEntry: false });
    if (there?.dev === dev && there.ino === ino) unlinkSync(address);
  };
}

/** How old a starter's mark must be to be a dead one's: it is held for the time of a connection attempt. */
const deadMarkMs = 10_000;

/** Runs `step` while no other starter runs it: between the look at a stale socket and its replacement. */
async function inTurn<Result>(mark: string, step: () => Promise<Result>): Promise<Result> {
  while (!makeMark(mark)) await delay(20);
  try {
    return await step();
  } finally {
    rmdirSync(mark);
  }
}

/** A folder, since making one fails where it exists. False where another starter is at it. */
function makeMark(mark: string): boolean {
  const other = lstatSync(mark, { throwIfNoEntry: false });
  if (other !== undefined && Math.abs(Date.now() - other.mtimeMs) > deadMarkMs) rmdirSync(mark);
  try {
    mkdirSync(mark, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isListening(address: string): Promise<boolean> {
  const socket = connect({ path: address });
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Anything else, such as a full queue, means that there is somebody.
    return !isMissing(error);
  } finally {
    socket.destroy();
  }
}

/** What is not a socket is not ours to replace, even where the address says so. */
function checkReplaceable(address: string): void {
  const there = lstatSync(address, { throwIfNoEntry: false });
  if (there !== undefined && !there.isSocket())
    throw new Failure('AlreadyExists', `${address} is no socket; move it away, Latchkey listens there`);
}

async function alreadyRunning(address: string): Promise<Failure> {
  const which = await describe(address);
  return new Failure(
    'AlreadyRunning',
    `${which} is already running with this data folder (${address}); use that one (latchkey status), quit it first, or set LATCHKEY_HOME to another folder`,
  );
}

/** The running broker by its version and endpoint, or just its name where it does not answer soon. */
async function describe(address: string): Promise<string> {
  try {
    const answer = await brokerAt(address).call('state.read', {}, AbortSignal.timeout(1_000));
    if ('problem' in answer) return 'Latchkey';
    const { version, endpoint } = answer.value.status;
    // One that is starting itself has no endpoint yet.
    return endpoint === '' ? `Latchkey ${version}` : `Latchkey ${version}, serving ${endpoint},`;
  } catch {
    return 'Latchkey';
  }
}
