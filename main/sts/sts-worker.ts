/**
 * The thread that talks to STS. The SDK takes long to load, and Node's HTTP code gets slower for servers in a thread that
 * has been a client as well (V8 then compiles it for both): so neither costs the endpoint anything.
 */
import { parentPort } from 'node:worker_threads';
import { Failure } from '../failure.ts';
import { systemClock } from '../platform/system-clock.ts';
import type { SigningCredentials } from './session.ts';
import {
  bareFailure,
  bareSession,
  credentialsOf,
  type Answer,
  type Call,
  type Outcome,
  type Question,
} from './sts-messages.ts';
import { openSts } from './sts.ts';

const sts = openSts(systemClock);

parentPort?.on('message', ({ id, credentials, call }: Question) => {
  void carryOut(call, credentialsOf(credentials))
    .catch((error: unknown) => ({ failure: bareFailure(failureOf(error)) }))
    .then((outcome) => parentPort?.postMessage({ id, outcome } satisfies Answer));
});

async function carryOut(call: Call, credentials: SigningCredentials): Promise<Outcome> {
  switch (call.operation) {
    case 'getCallerIdentity':
      return { identity: await sts.getCallerIdentity(credentials, call.region) };
    case 'getSessionToken':
      return { session: bareSession(await sts.getSessionToken(credentials, call.input)) };
    case 'assumeRole':
      return { session: bareSession(await sts.assumeRole(credentials, call.input)) };
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault');
}
