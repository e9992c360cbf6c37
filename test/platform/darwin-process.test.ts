import { describe, expect, test } from 'vitest';
import {
  readArguments,
  readBsdInfo,
  readPeerUid,
  readWorkingFolder,
} from '../../main/platform/darwin-process.ts';
import { argumentInfo, bsdInfo, vnodePathInfo, xucred } from './darwin-structures.ts';

const enough = 64 * 1024;

describe('struct proc_bsdinfo', () => {
  test('tells whose child of whom a process is, and since when in microseconds', () => {
    const info = bsdInfo({
      pid: 4711,
      parentPid: 812,
      uid: 501,
      name: 'terraform',
      terminalDevice: 0x1000_0003,
      startSeconds: 1_763_971_200,
      startMicroseconds: 123_456,
    });
    expect(readBsdInfo(info)).toEqual({
      pid: 4711,
      parentPid: 812,
      uid: 501,
      shortName: 'terraform',
      terminalDevice: 0x1000_0003,
      start: 1_763_971_200_123_456,
    });
  });

  test('has the short name alone where no other is registered', () => {
    expect(readBsdInfo(bsdInfo({ pid: 2, comm: 'a-name-16-bytes-' }))?.shortName).toBe('a-name-16-bytes-');
    expect(readBsdInfo(bsdInfo({ pid: 2, comm: 'python3.1', name: 'python3.13' }))?.shortName).toBe(
      'python3.13',
    );
  });

  test('tells of no terminal where the device is NODEV', () => {
    expect(readBsdInfo(bsdInfo({ pid: 2 }))?.terminalDevice).toBeUndefined();
  });

  test('is nothing with another size', () => {
    expect(readBsdInfo(bsdInfo({ pid: 2 }).subarray(8))).toBeUndefined();
    expect(readBsdInfo(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('struct proc_vnodepathinfo', () => {
  test("tells the working folder, not the root's", () => {
    expect(readWorkingFolder(vnodePathInfo('/Users/jane/infra/prod', '/'))).toBe('/Users/jane/infra/prod');
    expect(readWorkingFolder(vnodePathInfo('', '/'))).toBeUndefined();
  });

  test('ends a path of full length with its field', () => {
    const longest = `/${'x'.repeat(1023)}`;
    expect(readWorkingFolder(vnodePathInfo(longest, '/jail'))).toBe(longest);
  });

  test('is nothing with another size', () => {
    expect(readWorkingFolder(vnodePathInfo('/').subarray(4))).toBeUndefined();
  });
});

describe('KERN_PROCARGS2', () => {
  // Each fills up with another number of NULs, from none to seven.
  test.each(Array.from({ length: 8 }, (_, index) => `/usr/bin/${'x'.repeat(index + 1)}`))(
    'tells the arguments one by one, spaces in them too, behind the path %s',
    (executable) => {
      const commandLine = ['python3', '/Users/jane/my scripts/deploy.py', '', '--region', 'eu-west-1'];
      expect(readArguments(argumentInfo(executable, commandLine), enough)).toEqual(commandLine);
    },
  );

  test('tells nothing of the environment, whatever the count', () => {
    expect(readArguments(argumentInfo('/bin/sh', ['sh', '-c', 'aws s3 ls']), enough)).toEqual([
      'sh',
      '-c',
      'aws s3 ls',
    ]);
    expect(readArguments(argumentInfo('/bin/sh', []), enough)).toEqual([]);
  });

  test.each(Array.from({ length: 8 }, (_, index) => `/usr/bin/${'x'.repeat(index + 1)}`))(
    'tells no arguments where the first is empty, since another script would seem to run (%s)',
    (executable) => {
      const hidden = argumentInfo(executable, ['', '/tmp/other.py', '/Users/jane/allowed.py']);
      expect(readArguments(hidden, enough)).toEqual([]);
    },
  );

  test('leaves out what is longer than may be read, and the rest', () => {
    const info = argumentInfo('/bin/echo', ['echo', 'x'.repeat(100), 'y']);
    expect(readArguments(info, 50)).toEqual(['echo']);
    expect(readArguments(info, 106)).toEqual(['echo', 'x'.repeat(100)]);
  });

  test('is nothing where it is cut, empty or foreign', () => {
    const info = argumentInfo('/bin/echo', ['echo', 'hello'], []);
    expect(readArguments(info.subarray(0, -1), enough)).toEqual(['echo']);
    for (const length of [0, 3, 4, 8, 16])
      expect(readArguments(info.subarray(0, length), enough)).toEqual([]);
    expect(readArguments(Buffer.alloc(64, 0xff), enough)).toEqual([]);
    expect(readArguments(Buffer.alloc(64), enough)).toEqual([]);
  });
});

describe('struct xucred', () => {
  test('tells the user', () => {
    expect(readPeerUid(xucred(501))).toBe(501);
    expect(readPeerUid(xucred(0))).toBe(0);
  });

  test('is nobody in another version, or when it is cut', () => {
    expect(readPeerUid(xucred(501, 1))).toBeUndefined();
    expect(readPeerUid(xucred(501).subarray(0, 4))).toBeUndefined();
  });
});
