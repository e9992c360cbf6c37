import { describe, expect, test } from 'vitest';
import { programName, shownName } from '../../main/platform/program-name.ts';

/** An argument that no name may show. */
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

describe('the name a person knows a program by', () => {
  test.each([
    ['/usr/bin/terraform', ['terraform', 'plan', secret], 'terraform'],
    ['/opt/app/my program', ['x'], 'my program'],
    [undefined, ['/usr/bin/curl', secret], 'curl'],
    [undefined, ['-zsh'], 'zsh'],
    [undefined, [], ''],
    // Interpreters, with and without a version
    ['/usr/bin/python3.11', ['python3', '/usr/local/bin/aws', 's3', 'ls'], 'aws'],
    ['/usr/bin/python3.13t', ['python', '-u', '-X', 'dev', '-Wignore', './report.py', secret], 'report.py'],
    ['/usr/bin/python3', ['python3', '-m', 'http.server', secret], 'http.server'],
    ['/usr/bin/python3', ['python3', '-Imhttp.server', secret], 'http.server'],
    ['/usr/bin/python3', ['python3', '-c', secret, 'x.py'], 'python3'],
    ['/usr/bin/python3', ['python3', '-Ic', secret], 'python3'],
    ['/usr/bin/python3', ['python3', '-', secret], 'python3'],
    ['/usr/bin/python3-config', ['python3-config', '--libs'], 'python3-config'],
    ['/usr/bin/pypy3.10', ['pypy3', 'job.py'], 'job.py'],
    ['/usr/bin/node', ['node', '-r', './hook.cjs', '--no-warnings', 'dist/server.js', secret], 'server.js'],
    ['/usr/bin/node', ['node', '--import=tsx', '--', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '--env-file', '.env', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '--experimental-loader', 'x.mjs', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '-e', secret], 'node'],
    ['/usr/bin/node', ['node', `--eval=${secret}`, 'x.js'], 'node'],
    ['/usr/bin/node', ['node', '-pe', secret], 'node'],
    ['/usr/bin/node-18', ['npm run watch'], 'node-18'],
    ['/usr/bin/ruby3.2', ['ruby', '-I', 'lib', '-rjson', 'bin/deploy'], 'deploy'],
    ['/usr/bin/ruby', ['ruby', '-rjson', '-ne', secret], 'ruby'],
    ['/usr/bin/perl5.36.0', ['perl', '-MFile::Temp', '-w', 'collect.pl', secret], 'collect.pl'],
    ['/usr/bin/perl', ['perl', '-MJSON', '-lane', secret], 'perl'],
    ['/usr/bin/perl', ['perl', '-0777', '-pi.bak', '-E', secret], 'perl'],
    ['/usr/bin/bash', ['bash', '--norc', '-eo', 'pipefail', '/ci/deploy.sh', secret], 'deploy.sh'],
    ['/usr/bin/bash', ['bash', '+x', '--rcfile', 'a', 'deploy.sh'], 'deploy.sh'],
    ['/usr/bin/bash', ['bash', '-lc', secret], 'bash'],
    ['/usr/bin/bash', ['bash', '-s', '--', secret], 'bash'],
    ['/usr/bin/bash', ['-bash'], 'bash'],
    ['/usr/bin/fish', ['fish', '-C', secret], 'fish'],
    ['/usr/bin/dash', ['/bin/sh', './run'], 'run'],
    ['/usr/bin/php8.2', ['php', '-d', `x=${secret}`, 'artisan', 'queue:work'], 'artisan'],
    ['/usr/bin/php', ['php', '-f', 'job.php', secret], 'job.php'],
    ['/usr/bin/php', ['php', '-r', secret], 'php'],
    ['/usr/bin/lua5.4', ['lua', '-l', 'socket', 'poll.lua'], 'poll.lua'],
    ['/usr/bin/java', ['java', '-Xmx1g', `-Dkey=${secret}`, '-jar', '/srv/build.jar', secret], 'build.jar'],
    ['/usr/bin/java', ['java', '-cp', `a.jar:${secret}`, 'com.example.Main', secret], 'com.example.Main'],
    ['/usr/bin/java', ['java', '--module-path', 'mods', '-m', 'app/com.example.Main'], 'com.example.Main'],
    ['/usr/bin/java', ['java', '@options.txt'], 'java'],
    ['/usr/bin/java', ['java', '-jar'], 'java'],
  ])('of %s, started as %j, is %s', (executable, commandLine, name) => {
    expect(programName(executable, commandLine)).toBe(name);
  });

  test('is of one line, in its own order and at most 64 characters', () => {
    expect(shownName('a\u202Egpj.\u2066exe\u0007\n\u200B\u2028')).toBe('agpj.exe');
    expect(shownName('é🔑'.repeat(40))).toBe('é🔑'.repeat(32));
    expect(shownName('x'.repeat(64))).toBe('x'.repeat(64));
  });

  test('of a script that consists of nothing to show is its interpreter’s', () => {
    expect(programName('/usr/bin/python3', ['python3', '/tmp/\u202E\n'])).toBe('python3');
  });
});
