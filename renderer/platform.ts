/** What differs between operating systems for the person at the keyboard. */

const platform = typeof navigator === 'undefined' ? '' : navigator.userAgent;

export const isMac = /Mac OS X/.test(platform);
export const isWindows = /Windows/.test(platform);

/** The line that makes AWS SDKs started from a shell ask `endpoint` (a URL with a trailing slash, which SDKs take as it is). */
export function shellLine(endpoint: string, forWindows = isWindows): string {
  const name = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';
  return forWindows ? `$env:${name} = "${endpoint}"` : `export ${name}=${endpoint}`;
}
