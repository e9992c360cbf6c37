/** The lines that make the SDKs of a shell ask Latchkey. None holds a secret. Pure. */

/** The line that makes the AWS SDKs and the AWS CLI started from a shell ask `endpoint` (a URL with a trailing slash, which they take as it is). */
export function endpointLine(endpoint: string, forWindows: boolean): string {
  return assignment('AWS_EC2_METADATA_SERVICE_ENDPOINT', endpoint, forWindows);
}

/** Where a profile is served. */
export interface Place {
  readonly name: string;
  readonly region: string;
  /** The endpoint's URL, which serves each program its own profile. */
  readonly endpoint: string;
  /** The URL of the profile's own port, where it has one. */
  readonly ownUrl: string | undefined;
}

/**
 * What SDKs take before they ask the endpoint, as a shell of `latchkey exec` or `latchkey shell` has it, too; and what
 * keeps them from asking. https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
const outOfTheWay = [
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_EC2_METADATA_DISABLED',
];

/**
 * The lines for a shell that is to have one profile. Without a port of its own the shell is given the profile by the
 * command, which Windows does not have: there the lines lead to the active profile, see `isOwn`.
 */
export function environmentLines(place: Place, forWindows: boolean): string {
  const unset = forWindows
    ? `Remove-Item -ErrorAction Ignore ${outOfTheWay.map((name) => `Env:${name}`).join(', ')}`
    : `unset ${outOfTheWay.join(' ')}`;
  const lines = [
    unset,
    endpointLine(place.ownUrl ?? place.endpoint, forWindows),
    // botocore reads the second only, everything else the first.
    ...['AWS_REGION', 'AWS_DEFAULT_REGION'].map((name) => assignment(name, place.region, forWindows)),
  ];
  if (place.ownUrl === undefined && !forWindows) lines.push(`latchkey use ${place.name} --here`);
  return `${lines.join('\n')}\n`;
}

/**
 * The lines for programs with a token of the container endpoint, which a person keeps in a file. The last keeps the SDK
 * for Java from going on to IMDS, and so to the active profile, where the token is refused.
 * @param url where the token is taken
 */
export function tokenLines(url: string, token: string, forWindows: boolean): string {
  return [
    assignment('AWS_CONTAINER_CREDENTIALS_FULL_URI', url, forWindows),
    assignment('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', `$HOME/.aws/${token}.token`, forWindows),
    assignment('AWS_EC2_METADATA_DISABLED', 'true', forWindows),
  ].join('\n');
}

/** Whether the lines lead to this very profile, whichever is active. */
export function isOwn({ ownUrl }: Place, forWindows: boolean): boolean {
  return ownUrl !== undefined || !forWindows;
}

function assignment(name: string, value: string, forWindows: boolean): string {
  return forWindows ? `$env:${name} = "${value}"` : `export ${name}=${value}`;
}
