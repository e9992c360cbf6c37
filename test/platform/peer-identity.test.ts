import { describe, expect, test } from 'vitest';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { connect } from './connections.ts';
import { needs } from './needs.ts';

const onLinux = needs(process.platform === 'linux', 'the adapter for Linux runs on Linux only');

describe('the platform', () => {
  test.skipIf(onLinux.missing)(`decides which adapter tells the peer${onLinux.note}`, async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect(await peerIdentity('linux').isOwnUser(accepted)).toBe(true);
  });

  test.skipIf(onLinux.missing)(`decides which adapter tells the program${onLinux.note}`, async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect((await peerIdentity('linux').clientAt(accepted))?.process.pid).toBe(process.pid);
  });

  test.skipIf(onLinux.missing)(`is not asked any more once it is disposed of${onLinux.note}`, async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const peer = peerIdentity('linux');
    peer[Symbol.dispose]();
    expect(await peer.isOwnUser(accepted)).toBe(false);
  });

  test('is refused where no adapter exists, with the reason', () => {
    expect(() => peerIdentity('freebsd')).toThrow(
      expect.objectContaining({
        name: 'Failure',
        code: 'Refused',
        message: expect.stringContaining('on freebsd'),
      }),
    );
  });
});
