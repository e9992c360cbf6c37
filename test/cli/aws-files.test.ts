import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutCredentials } from '../../main/cli/aws-files.ts';
import { aliceKeys } from '../sts/sample-world.ts';

const { accessKeyId, secretAccessKey } = aliceKeys;

describe('a file without credentials', () => {
  test.each([
    ['static keys', `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`],
    ['a session’s', `aws_session_token = x\naws_security_token=x\n`],
    ['a program’s', 'credential_process = get-keys --profile x\n'],
    ['a role', 'role_arn = arn:aws:iam::111122223333:role/X\nsource_profile = y\nmfa_serial = z\n'],
    ['an instance’s', 'role_arn=arn:aws:iam::111122223333:role/X\ncredential_source = Ec2InstanceMetadata\n'],
    ['a web identity', 'web_identity_token_file = /token\nrole_session_name = me\n'],
    ['IAM Identity Center', 'sso_session = corp\nsso_account_id = 1\nsso_role_name = x\nsso_start_url = y\n'],
    ['a sign-in', 'login_session = arn:aws:iam::111122223333:user/alice\n'],
    ['another spelling', 'AWS_ACCESS_KEY_ID : x\n  Aws_Secret_Access_Key=y\n'],
    ['a comment', `# aws_secret_access_key = ${secretAccessKey}\n;aws_access_key_id=x\n`],
    ['lines that go on', 'credential_process = get-keys\n  --profile x\n\t--more\n'],
    ['lines of Windows', 'aws_access_key_id = x\r\naws_secret_access_key = y\r\n'],
    ['no end of the last line', `aws_secret_access_key = ${secretAccessKey}`],
  ])('leaves out those of %s, in every section', (_what, settings) => {
    const others = 'region = eu-west-1\n';
    for (const section of ['[default]\n', '[profile other]\n', '[sso-session corp]\n'])
      expect(withoutCredentials(`${section}${others}${settings}`)).toBe(`${section}${others}`);
  });

  test('keeps all else byte for byte', () => {
    const text = `\u00ef\u00bb\u00bf# Mine\r\n[default]\r\nregion=eu-west-1\r\noutput : table\n\n
[profile x]
s3 =
  max_concurrent_requests = 20
  addressing_style = path
services = local
retry_mode = adaptive
cli_pager =
ec2_metadata_service_endpoint = http://127.0.0.1:9254/
[services local]
dynamodb =
    endpoint_url = http://localhost:8000
ca_bundle = /etc/caf\u00c3\u00a9.pem`;
    expect(withoutCredentials(text)).toBe(text);
  });

  test('ends a setting that goes on at the next section, and at a setting that is indented as far', () => {
    expect(withoutCredentials('[a]\n credential_process = x\n  -y\n region = z\n [b]\n  region = z\n')).toBe(
      '[a]\n region = z\n [b]\n  region = z\n',
    );
  });

  test('has no rest of a value that goes on after an empty line', () => {
    expect(withoutCredentials('credential_process = x\n\n  --more\nregion = z\n')).toBe('\nregion = z\n');
  });

  test('never has a credential setting, and nothing that the file did not have', () => {
    const line = fc.tuple(
      fc.constantFrom('', ' ', '\t', '    '),
      fc.constantFrom(
        '[default]',
        'region = x',
        's3 =',
        'aws_access_key_id = x',
        'SSO_region: x',
        'role_arn=x',
        '-more',
        '# aws_session_token = x',
        '',
      ),
      fc.constantFrom('\n', '\r\n'),
    );
    fc.assert(
      fc.property(fc.array(line), (parts) => {
        const lines = parts.map((part) => part.join(''));
        const without = withoutCredentials(lines.join(''));
        expect(without).not.toMatch(/aws_|sso_|role_arn/i);
        // What is left are lines of the file, in their order.
        let from = 0;
        for (const kept of without.match(/[^\r\n]*(?:\r\n|\r|\n)/g) ?? []) {
          from = lines.indexOf(kept, from) + 1;
          expect(from).toBeGreaterThan(0);
        }
        expect(withoutCredentials(without)).toBe(without);
      }),
    );
  });
});
