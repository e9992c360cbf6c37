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
function environment({ imds, sts, region, home }: Places, nullDevice: string): Record<string, string>[] {
  return [
    { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds, AWS_ENDPOINT_URL_STS: sts },
    { AWS_CONFIG_FILE: nullDevice, AWS_SHARED_CREDENTIALS_FILE: nullDevice },
    { AWS_REGION: region, AWS_DEFAULT_REGION: region, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' },
    { LATCHKEY_HOME: home },
  ];
}

/** What would come before the metadata endpoint, or keep an SDK from it. */
const unsetVariables = [
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE'],
  ['AWS_EC2_METADATA_DISABLED', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
];

/** Lines for the person's shell: PowerShell on Windows, else any POSIX shell. */
export function linesToPaste(places: Places, platform: NodeJS.Platform): string[] {
  if (platform === 'win32') {
    const assignments = environment(places, 'NUL').flatMap((line) => Object.entries(line));
    return [
      ...unsetVariables.map(
        (names) => `Remove-Item -ErrorAction Ignore ${names.map((name) => `Env:${name}`).join(', ')}`,
      ),
      ...assignments.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`),
    ];
  }
  return [
    ...unsetVariables.map((names) => `unset ${names.join(' ')}`),
    ...environment(places, '/dev/null').map((line) => {
      const assignments = Object.entries(line).map(([name, value]) => `${name}=${quoted(value)}`);
      return `export ${assignments.join(' ')}`;
    }),
  ];
}

function quoted(text: string): string {
  return /^[\w/.:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The whole text. */
export function instructions(
  places: Places,
  profiles: readonly { readonly name: string; readonly shows: string }[],
  platform: NodeJS.Platform,
): string {
  const indented = (lines: string[]): string => lines.map((line) => `  ${line}`).join('\n');
  const width = Math.max(...profiles.map(({ name }) => name.length));
  const uses = profiles.map(
    ({ name, shows }) => `node dist/command/latchkey.cjs use ${name.padEnd(width)}   # ${shows}`,
  );
  return `
This is a demo: the STS behind it is part of this program, and nothing leaves this machine.
Paste this into another terminal, in this folder:

${indented(linesToPaste(places, platform))}

There the AWS CLI and every AWS SDK now have the active role; without the CLI, a script on the JavaScript SDK shows it:

  aws sts get-caller-identity
  node dist/demo/whoami.js

Switch the role in the interface, or there, and ask again:

${indented(uses)}
`;
}
