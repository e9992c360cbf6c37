/** What the demo tells the person: what to paste so that AWS's tools find Latchkey, and what to try then. */

/** Where the running demo is found. */
export interface Places {
  /** Base URL of the metadata endpoint. */
  readonly imds: string;
  readonly sts: string;
  readonly region: string;
  /** The data folder. */
  readonly home: string;
}

/**
 * The environment for programs that shall get their credentials from the demo. Whoever already has static keys,
 * a profile or a proxy would otherwise see those win: SDKs look at the metadata endpoint last.
 */
export function environment({ imds, sts, region }: Places, nullDevice: string): Record<string, string> {
  return {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds,
    AWS_ENDPOINT_URL_STS: sts,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: nullDevice,
    AWS_SHARED_CREDENTIALS_FILE: nullDevice,
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}

/** What would come before the metadata endpoint, or keep an SDK from it. */
export const unsetVariables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
];

/** Lines for the person's shell: PowerShell on Windows, else any POSIX shell. */
export function linesToPaste(places: Places, platform: NodeJS.Platform): string[] {
  if (platform === 'win32') {
    return [
      ...Object.entries(environment(places, 'NUL')).map(([name, value]) => `$env:${name} = '${value}'`),
      `Remove-Item -ErrorAction Ignore ${unsetVariables.map((name) => `Env:${name}`).join(', ')}`,
    ];
  }
  const assignments = Object.entries(environment(places, '/dev/null'));
  return [
    `unset ${unsetVariables.join(' ')}`,
    ...assignments.map(([name, value]) => `export ${name}=${value}`),
  ];
}

/** How to set `LATCHKEY_HOME` for one command of the person's shell. */
export function latchkeyCommand(home: string, words: string, platform: NodeJS.Platform): string {
  if (platform === 'win32') return `$env:LATCHKEY_HOME = '${home}'; node dist/main/latchkey.js ${words}`;
  return `LATCHKEY_HOME=${quoted(home)} node dist/main/latchkey.js ${words}`;
}

function quoted(text: string): string {
  return /^[\w/.:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
