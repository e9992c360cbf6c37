/**
 * AWS's federation endpoint beside the embedded STS: takes a session for a sign-in token, and shows a page in the
 * console's place to whoever comes with that.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Credential, Credentials } from './credentials.ts';
import { callerArn, callerIdentity } from './credentials.ts';

export interface FederationAnswer {
  readonly status: number;
  readonly type: 'application/json' | 'text/html; charset=utf-8';
  readonly body: string;
}

const linkLifeMs = 15 * 60_000;
const sessionSchema = z.object({ sessionId: z.string(), sessionKey: z.string(), sessionToken: z.string() });

/** The console's host in each partition, as AWS takes it for a destination. */
const consoleHosts: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

interface SigninToken {
  readonly arn: string;
  readonly partition: string;
  readonly untilMs: number;
  readonly consoleSeconds: number;
}

export class Federation {
  readonly #credentials: Credentials;
  readonly #tokens = new Map<string, SigninToken>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Answers a request to `/federation`. */
  answer(parameters: ReadonlyMap<string, string>, nowMs: number): FederationAnswer {
    switch (parameters.get('Action')) {
      case 'getSigninToken':
        return this.#getSigninToken(parameters, nowMs);
      case 'login':
        return this.#login(parameters, nowMs);
      default:
        return badRequest('There is no such action.');
    }
  }

  #getSigninToken(parameters: ReadonlyMap<string, string>, nowMs: number): FederationAnswer {
    const credential = this.#credentialIn(parameters.get('Session') ?? '');
    if (credential?.session === undefined || credential.session.expiresAtMs <= nowMs)
      return badRequest('Invalid credentials parameter');
    const { caller, session } = credential;
    if (caller.kind !== 'role session') return badRequest('Invalid credentials parameter');
    const asked = parameters.get('SessionDuration');
    // In the real one's words a chained session is no valid credential once a duration is asked for.
    if (asked !== undefined && (caller.isChained || !isDuration(asked, caller.role.maxSessionSeconds)))
      return badRequest('Invalid credentials parameter');
    const token = randomBytes(120).toString('base64url');
    this.#tokens.set(token, {
      arn: callerArn(caller),
      partition: callerIdentity(caller).partition,
      untilMs: nowMs + linkLifeMs,
      consoleSeconds: asked === undefined ? Math.floor((session.expiresAtMs - nowMs) / 1000) : Number(asked),
    });
    return { status: 200, type: 'application/json', body: JSON.stringify({ SigninToken: token }) };
  }

  #login(parameters: ReadonlyMap<string, string>, nowMs: number): FederationAnswer {
    const token = this.#tokens.get(parameters.get('SigninToken') ?? '');
    if (token === undefined || token.untilMs <= nowMs) return badRequest('The sign-in token is not valid.');
    const destination = parameters.get('Destination') ?? '';
    if (!URL.canParse(destination) || new URL(destination).host !== consoleHosts[token.partition])
      return badRequest('The destination is not valid.');
    const lines = [
      `Signed in as ${token.arn}`,
      `for ${String(token.consoleSeconds)} s`,
      `at ${destination}`,
    ].map((line) => `<p>${line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`);
    return {
      status: 200,
      type: 'text/html; charset=utf-8',
      body: `<!doctype html><title>The console of the embedded STS</title>\n${lines.join('\n')}\n`,
    };
  }

  #credentialIn(session: string): Credential | undefined {
    let document: unknown;
    try {
      document = JSON.parse(session);
    } catch {
      return undefined;
    }
    const parsed = sessionSchema.safeParse(document);
    if (!parsed.success) return undefined;
    const { sessionId, sessionKey, sessionToken } = parsed.data;
    const credential = this.#credentials.find(sessionId);
    const isWhole = credential?.secretAccessKey === sessionKey && credential.session?.token === sessionToken;
    return isWhole ? credential : undefined;
  }
}

function isDuration(asked: string, maxSessionSeconds: number): boolean {
  return /^\d{3,5}$/u.test(asked) && Number(asked) >= 900 && Number(asked) <= maxSessionSeconds;
}

/** As the real one does, in HTML also where JSON was asked for. */
function badRequest(message: string): FederationAnswer {
  return { status: 400, type: 'text/html; charset=utf-8', body: `<h1>400</h1><p>${message}</p>\n` };
}
