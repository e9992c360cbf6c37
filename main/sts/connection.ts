import type { STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../platform/ports.ts';
import { toFailure } from './refusal.ts';
import type { SigningCredentials } from './session.ts';

type Sdk = typeof import('@aws-sdk/client-sts');
type RequestHandler = STSClient['config']['requestHandler'];

const connectTimeoutMs = 5_000;
/** STS answers within a second; what takes this long has been lost on the way. */
const requestTimeoutMs = 20_000;

/** An operation's output, and what STS's `Date` header said when it answered. */
export interface Answered<Output> {
  readonly output: Output;
  readonly receivedAtMs: number;
  readonly stsDateMs: number | undefined;
}

/**
 * The way to STS: `@aws-sdk/client-sts`, loaded at the first call since it takes longer to load than the rest
 * of the broker together. Connections and the clock correction are shared by all calls; `AWS_ENDPOINT_URL_STS`
 * is honoured by the SDK.
 *
 * Nothing is retried here, so that a caller decides who may wait and an MFA code is never sent twice. The one
 * exception is a request that STS refused for its time: the SDK then knows STS's clock and signs with that.
 */
export class StsConnection implements Disposable {
  readonly #clock: Clock;
  #requestHandler: RequestHandler | undefined;
  #clockOffsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `operation` with a client that signs with `credentials` at the STS of `region`.
   * @throws Failure as `toFailure` says
   */
  async call<Output>(
    credentials: SigningCredentials,
    region: string,
    operation: (sdk: Sdk, client: STSClient) => Promise<Output>,
  ): Promise<Answered<Output>> {
    const sdk = await loadSdk();
    const client = new sdk.STSClient({
      region,
      credentials: {
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey.reveal(),
        ...(credentials.sessionToken ? { sessionToken: credentials.sessionToken.reveal() } : {}),
      },
      maxAttempts: 1,
      systemClockOffset: this.#clockOffsetMs,
      requestHandler: this.#requestHandler ?? {
        connectionTimeout: connectTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    this.#requestHandler = client.config.requestHandler;
    let stsDateMs: number | undefined;
    client.middlewareStack.add(
      (next) => async (request) => {
        const result = await next(request);
        stsDateMs = dateOf(result.response);
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
    try {
      const output = await operation(sdk, client).catch((error: unknown) => {
        if (wasClockCorrected(error)) return operation(sdk, client);
        throw error;
      });
      return { output, receivedAtMs: this.#clock.now(), stsDateMs };
    } catch (error) {
      const { secretAccessKey, sessionToken } = credentials;
      throw toFailure(error, sessionToken ? [secretAccessKey, sessionToken] : [secretAccessKey]);
    } finally {
      this.#clockOffsetMs = client.config.systemClockOffset;
    }
  }

  [Symbol.dispose](): void {
    this.#requestHandler?.destroy?.();
  }
}

async function loadSdk(): Promise<Sdk> {
  // The SDK's note on Node versions it will need one day is for us, who choose both, not for our users.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return import('@aws-sdk/client-sts');
}

/** Set by the SDK's signer when it took STS's time over from a refused request (`AwsSdkSigV4Signer.errorHandler`). */
function wasClockCorrected(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    '$metadata' in error &&
    typeof error.$metadata === 'object' &&
    error.$metadata !== null &&
    'clockSkewCorrected' in error.$metadata &&
    error.$metadata.clockSkewCorrected === true
  );
}

function dateOf(response: unknown): number | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return undefined;
  const dateMs = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
