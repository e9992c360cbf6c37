/** `~/.aws/config`, `~/.aws/credentials` and boto 2's files without credentials, for programs that are to have others. */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentChange } from './launch-environment.ts';
import type { LaunchFolder } from './launch-folder.ts';

/**
 * The settings that give a profile credentials, in small letters: those of
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html, and what botocore reads besides. Left alone
 * they would win over the container endpoint: botocore and JavaScript prefer what `[default]` has.
 */
const credentialSettings = new Set([
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'aws_security_token',
  'aws_account_id',
  'aws_credential_expiration',
  'credential_process',
  'credential_source',
  'role_arn',
  'role_session_name',
  'source_profile',
  'web_identity_token_file',
  'external_id',
  'mfa_serial',
  'duration_seconds',
  'login_session',
]);

/** A path in the person's own folder. */
export const ofPerson = (...path: string[]): string => join(homedir(), ...path);

const files = [
  { variable: 'AWS_CONFIG_FILE', name: 'config', places: [ofPerson('.aws', 'config')] },
  { variable: 'AWS_SHARED_CREDENTIALS_FILE', name: 'credentials', places: [ofPerson('.aws', 'credentials')] },
  // botocore asks them before the container endpoint (its `BotoProvider`), and gsutil keeps AWS keys there.
  { variable: 'BOTO_CONFIG', name: 'boto', places: ['/etc/boto.cfg', ofPerson('.boto')] },
] as const;

/**
 * Makes private copies of those of the person's files that hold credentials, without them. Gives the variables that lead
 * SDKs to the copies: none where there is nothing to leave out.
 * @throws Failure ConfigUnreadable where there is no folder for them
 */
export async function copiesWithoutCredentials(
  env: NodeJS.ProcessEnv,
  folder: LaunchFolder,
): Promise<EnvironmentChange> {
  const change: Record<string, string> = {};
  for (const { variable, name, places } of files) {
    const texts = (env[variable] ? [env[variable]] : places).map((path) => contentOf(path, env));
    if (texts.every((text) => withoutCredentials(text) === text)) continue;
    // A variable names one file: the person's own, where there are two.
    const text = texts.findLast((found) => found !== '') ?? '';
    change[variable] = await folder.write(name, Buffer.from(withoutCredentials(text), 'latin1'));
  }
  return change;
}

/** Byte for byte, whatever its encoding; empty where SDKs could not read it either. */
export function contentOf(path: string, env: NodeJS.ProcessEnv): string {
  try {
    return readFileSync(expanded(path, env), 'latin1');
  } catch {
    return '';
  }
}

/** As botocore goes by what a variable names: no shell has expanded what comes from a unit's or an editor's settings. */
function expanded(path: string, env: NodeJS.ProcessEnv): string {
  return path
    .replace(
      /\$(?:(\w+)|\{([^}]*)\})/g,
      (whole, name?: string, braced?: string) => env[name ?? braced ?? ''] ?? whole,
    )
    .replace(/^~([^/\\]*)(?=[/\\])/, (whole, user: string) =>
      user === '' ? homedir() : (homeOf(user) ?? whole),
    );
}

/** Of this user alone: others' files are not read. */
function homeOf(user: string): string | undefined {
  try {
    const own = userInfo();
    return own.username === user ? own.homedir : undefined;
  } catch {
    // A container's user may be in no list.
    return undefined;
  }
}

/**
 * The text of a file without the settings that give credentials, in whichever section; all else as it is.
 *
 * SDKs differ in what a line means that is indented: botocore takes one that is indented further than the setting before
 * for more of its value, JavaScript for a setting of its own. So a credential setting goes wherever it stands, and with
 * it the lines that are indented further. One in a comment goes, too: it may be a key that was used before.
 */
export function withoutCredentials(text: string): string {
  const kept: string[] = [];
  /** How far the setting is indented that was left out last; undefined where the next line is not of its value. */
  let leftOut: number | undefined;
  for (const line of text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
    const words = line.trim();
    const indent = line.length - line.trimStart().length;
    const isOfValue = leftOut !== undefined && words !== '' && indent > leftOut;
    if (isOfValue && !isSection(words)) continue;
    if (isCredentialSetting(words)) {
      leftOut = indent;
      continue;
    }
    if (words !== '') leftOut = undefined;
    kept.push(line);
  }
  return kept.join('');
}

function isSection(words: string): boolean {
  return words.startsWith('[');
}

/** Names have no case in botocore, which also takes a colon for the equals sign. */
export function isCredentialSetting(words: string): boolean {
  const name = /^[#;\s]*([^=:\s]+)\s*[=:]/.exec(words)?.[1]?.toLowerCase();
  return name !== undefined && (credentialSettings.has(name) || name.startsWith('sso_'));
}
