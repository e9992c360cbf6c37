/** What `~/.aws/config` and `~/.aws/credentials` say to an SDK that is started here. */
import { contentOf, isCredentialSetting, ofPerson } from './aws-files.ts';

/** The profile of those files that SDKs go by. */
export interface AwsProfile {
  readonly name: string;
  /** Whether it stands in either of them. */
  readonly isThere: boolean;
  /** Whether it gives credentials, which SDKs take before they ask any endpoint. */
  readonly hasCredentials: boolean;
  /** Where it leads SDKs to that ask IMDS (botocore, JavaScript and Go go by it). */
  readonly endpoint: string | undefined;
}

/** Reads the files as SDKs do: those that the environment names, or the usual ones. */
export function awsProfileOf(env: NodeJS.ProcessEnv): AwsProfile {
  const name = env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default';
  const config = contentOf(env['AWS_CONFIG_FILE'] || ofPerson('.aws', 'config'), env);
  const credentials = contentOf(env['AWS_SHARED_CREDENTIALS_FILE'] || ofPerson('.aws', 'credentials'), env);
  const lines = [
    ...linesOf(config, name === 'default' ? ['default', 'profile default'] : [`profile ${name}`]),
    ...linesOf(credentials, [name]),
  ];
  const settings = lines.filter((line) => !/^[#;]/.test(line));
  const endpoint = settings
    .map((line) => /^ec2_metadata_service_endpoint\s*[=:]\s*(\S+)/i.exec(line)?.[1])
    .find((value) => value !== undefined);
  return { name, isThere: lines.length > 0, hasCredentials: settings.some(isCredentialSetting), endpoint };
}

/** The lines of the sections of these names, their headings too. */
function linesOf(text: string, sections: readonly string[]): string[] {
  let isInside = false;
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => {
      const section = /^\[\s*(.*?)\s*\]/.exec(line)?.[1]?.replace(/\s+/g, ' ').replaceAll(/["']/g, '');
      if (section !== undefined) isInside = sections.includes(section);
      return isInside && line !== '';
    });
}
