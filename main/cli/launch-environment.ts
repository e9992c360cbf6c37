/** The environment of a launched program: one way to credentials, and no other. */

/** A change of the environment: a variable's new value, or undefined where it is taken out. */
export type EnvironmentChange = Readonly<Record<string, string | undefined>>;

/**
 * What would lead a program to other credentials. The names are those that the SDKs' providers read:
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html, and the older ones of boto, Java 1 and Go 1.
 */
export const otherCredentials = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_ACCOUNT_ID',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_CREDENTIAL_FILE',
  'AWS_CREDENTIAL_PROFILES_FILE',
  // Of another kind, and Bedrock's clients prefer them.
  'AWS_BEARER_TOKEN_BEDROCK',
] as const;

const address = '127.0.0.1';

/** How a program reaches the container endpoint: with a token that is good as long as its launch. */
export function containerVariables({ token, url }: { readonly token: string; readonly url: string }) {
  return { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: token };
}

/**
 * What a launch changes in the environment, but for the credentials themselves.
 * @param env the environment that the program would have
 */
export function launchChange(
  env: NodeJS.ProcessEnv,
  { profile, region }: { readonly profile: string; readonly region: string },
): EnvironmentChange {
  return {
    ...Object.fromEntries(otherCredentials.map((name) => [name, undefined])),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined,
    // The SDK for Java goes on to IMDS where the container endpoint refuses, and has the active profile's credentials then.
    AWS_EC2_METADATA_DISABLED: 'true',
    ...regionVariables(region),
    ...(hasProxy(env) ? noProxyVariables(env) : {}),
    LATCHKEY_PROFILE: profile,
  };
}

/** botocore reads the second only, everything else the first. */
export function regionVariables(region: string) {
  return { AWS_REGION: region, AWS_DEFAULT_REGION: region };
}

/** Whether requests may go through a proxy. */
function hasProxy(env: NodeJS.ProcessEnv): boolean {
  return Object.entries(env).some(([name, value]) => /^(http|all)_proxy$/i.test(name) && value);
}

/** Keeps requests to the endpoint off a proxy: botocore sends even those through it. */
export function noProxyVariables(env: NodeJS.ProcessEnv): EnvironmentChange {
  // Programs read either spelling, and mostly one of them: what is set there stays.
  const upper = env['NO_PROXY'] || env['no_proxy'];
  const lower = env['no_proxy'] || env['NO_PROXY'];
  return { NO_PROXY: withAddress(upper), no_proxy: withAddress(lower) };
}

/** The same taken back. */
export function noProxyUndone(env: NodeJS.ProcessEnv): EnvironmentChange {
  const without = (exceptions = '') =>
    exceptions
      .split(',')
      .filter((exception) => exception.trim() !== address)
      .join(',') || undefined;
  return { NO_PROXY: without(env['NO_PROXY']), no_proxy: without(env['no_proxy']) };
}

function withAddress(exceptions: string | undefined): string {
  const all = (exceptions ?? '').split(',').map((exception) => exception.trim());
  if (all.includes('*') || all.includes(address)) return exceptions ?? '';
  return exceptions ? `${exceptions},${address}` : address;
}

/** An environment with a change made. Variables' names have no case on Windows. */
export function changed(env: NodeJS.ProcessEnv, change: EnvironmentChange): NodeJS.ProcessEnv {
  const result = { ...env };
  for (const [name, value] of Object.entries(change)) {
    if (process.platform === 'win32')
      for (const other of Object.keys(result))
        if (other.toUpperCase() === name.toUpperCase()) Reflect.deleteProperty(result, other);
    if (value === undefined) Reflect.deleteProperty(result, name);
    else result[name] = value;
  }
  return result;
}
