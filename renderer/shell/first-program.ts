/** The first program that asks after a first role was added. Pure. */
import type { ActivityRecord } from '../../preload/contract.ts';

/**
 * The first record since `sinceMs` of a program that got a profile; while there is none, the latest of one that was refused
 * credentials.
 */
export function firstProgram(
  activity: readonly ActivityRecord[],
  sinceMs: number,
): ActivityRecord | undefined {
  const recent = activity.filter(({ atMs }) => atMs >= sinceMs);
  return (
    recent.find(({ event }) => event === 'served') ??
    // Without a profile it was a call or a request that asked for none.
    recent.findLast(({ event, profile }) => event === 'refused' && profile !== undefined)
  );
}

/**
 * A program's name, and its version where its executable's path has one: installers of several versions side by side
 * (the AWS CLI's, Homebrew's, asdf, tfenv) name a folder so. An interpreter's path tells nothing of its script.
 */
export function nameWithVersion({
  name,
  executable = '',
}: Pick<NonNullable<ActivityRecord['program']>, 'name' | 'executable'>): string {
  const [file = '', ...folders] = executable.split(/[\\/]/).reverse();
  if (file.replace(/\.exe$/i, '') !== name) return name;
  const version = folders.find((folder) => /^v?\d+(\.\d+)+$/.test(folder));
  return version === undefined ? name : `${name} ${version.replace(/^v/, '')}`;
}
