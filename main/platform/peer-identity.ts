import { Failure } from '../failure.ts';
import { darwinPeerIdentity } from './darwin-peer-identity.ts';
import { linuxPeerIdentity } from './linux-peer-identity.ts';
import type { PeerIdentity } from './ports.ts';
import { windowsPeerIdentity } from './windows-peer-identity.ts';

/**
 * How this platform tells whose process is at the other end of a loopback connection.
 * Fails with `Refused` on a platform where that is not known: credentials for whoever asks would reach every
 * user of the machine.
 */
export function peerIdentity(platform: NodeJS.Platform = process.platform): PeerIdentity & Disposable {
  switch (platform) {
    case 'linux':
      return linuxPeerIdentity();
    case 'darwin':
      return { ...darwinPeerIdentity(), ...holdsNothing };
    case 'win32':
      return { ...windowsPeerIdentity(), ...holdsNothing };
    default:
      throw new Failure(
        'Refused',
        `This version of Latchkey cannot tell whose program is asking on ${platform}, so it serves no credentials there. Run it on Linux, macOS or Windows.`,
      );
  }
}

const holdsNothing: Disposable = { [Symbol.dispose]: () => undefined };
