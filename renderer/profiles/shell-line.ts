/** The line that makes the AWS SDKs and the AWS CLI started from a shell ask `endpoint` (a URL with a trailing slash, which they take as it is). Pure. */
export function shellLine(endpoint: string, forWindows: boolean): string {
  const name = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';
  return forWindows ? `$env:${name} = "${endpoint}"` : `export ${name}=${endpoint}`;
}
