import { Failure } from '../failure.ts';
import { darwinLsof } from './darwin-lsof.ts';
import { linuxSockDiag } from './linux-sock-diag.ts';
import type { PeerIdentity } from './ports.ts';

/**
 * How this platform tells whose process is at the other end of a loopback connection.
 * Fails with `Refused` on a platform where that is not known: credentials for whoever asks would reach every
 * user of the machine.
 */
export function peerIdentity(platform: NodeJS.Platform = process.platform): PeerIdentity {
  switch (platform) {
    case 'linux':
      return linuxSockDiag();
    case 'darwin':
      return darwinLsof();
    default:
      throw new Failure(
        'Refused',
        `This version of Latchkey cannot yet tell whose program is asking on ${platform === 'win32' ? 'Windows' : platform}, so it serves no credentials there. Run it on Linux or macOS, or inside WSL for the programs there.`,
      );
  }
}
