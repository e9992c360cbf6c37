import type { AsyncEntry } from '@napi-rs/keyring';
import { Failure } from '../failure.ts';
import { Secret } from '../secret.ts';
import { loadLibc } from './libc.ts';
import type { SecretStore } from './ports.ts';
import { splitSecrets } from './split-secrets.ts';

/**
 * The Credential Manager takes 2,560 bytes an item (CRED_MAX_CREDENTIAL_BLOB_SIZE), and the library gives it UTF-16:
 * https://learn.microsoft.com/windows/win32/api/wincred/ns-wincred-credentialw
 */
const longestOnWindows = 2560 / 2;

/**
 * The operating system's keychain: the Secret Service on Linux, the Keychain on macOS, the Credential Manager on
 * Windows. Items stand under `service`, with the secret's name as their user name. On Windows a long secret takes
 * several of them.
 *
 * On Linux the store is pinned. Unpinned, the library falls back silently to the kernel keyring, which a reboot
 * empties; no Secret Service is a `Failure` of code `KeychainUnavailable` instead.
 *
 * A locked keychain asks the person to unlock it, in a dialog of the desktop's, and the operation waits for the
 * answer: there is no limit, since a person may take long. Dismissed, or with no display for the dialog, it is a
 * `Failure` of code `KeychainLocked`.
 *
 * One operation runs at a time. Each runs on a thread of libuv's pool of four and keeps it while the dialog is
 * open: four of them at once would stop all file access and name resolution of this process. And whoever waited
 * behind a dialog that was dismissed is refused with it, or the person would get one dialog for each of them.
 */
export function openKeychain(
  service = 'latchkey',
  platform: NodeJS.Platform = process.platform,
): SecretStore {
  let previous: Promise<unknown> = Promise.resolve();
  let dismissals = 0;

  function inTurn<Result>(
    name: string,
    written: Secret | undefined,
    operation: (entry: AsyncEntry) => Promise<Result>,
  ): Promise<Result> {
    const dismissalsAtStart = dismissals;
    const run = async () => {
      if (dismissals > dismissalsAtStart) throw lockedFailure();
      try {
        return await endable(operation(await openEntry(service, name)));
      } catch (error) {
        const failure = translate(error, written);
        if (failure.code === 'KeychainLocked') dismissals += 1;
        throw failure;
      }
    };
    const result = previous.then(run, run);
    previous = result;
    return result;
  }

  const keychain: SecretStore = {
    kind: 'keychain',
    read: (name) =>
      inTurn(name, undefined, async (entry) => {
        const text = await entry.getPassword();
        return text === null ? undefined : new Secret(text);
      }),
    write: (name, secret) => inTurn(name, secret, (entry) => entry.setPassword(secret.reveal())),
    remove: (name) => inTurn(name, undefined, (entry) => entry.deleteCredential()),
  };
  return platform === 'win32' ? splitSecrets(keychain, longestOnWindows) : keychain;
}

/**
 * Lets this process end while `operation` waits for a person. A process that exits joins the threads of libuv's
 * pool, and so would stay, with nothing left to serve, until somebody answers the dialog.
 */
async function endable<Result>(operation: Promise<Result>): Promise<Result> {
  if (process.platform === 'win32') return operation; // its Credential Manager shows no dialog
  process.once('exit', exitWithoutJoiningThreads);
  try {
    return await operation;
  } finally {
    process.off('exit', exitWithoutJoiningThreads);
  }
}

function exitWithoutJoiningThreads(exitCode: number): void {
  loadLibc().define('void _exit(int status)')(exitCode);
}

/**
 * Opened anew for each operation: an entry holds a D-Bus session with the keychain's daemon, and is no use once that
 * one ends. Opening is the one part that the library does on the event loop: 6 ms, and up to 2 s, its own limit, where
 * a Secret Service is being started or hangs.
 */
async function openEntry(service: string, name: string): Promise<AsyncEntry> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  return new AsyncEntry(service, name, { linux: { store: 'secret-service' } });
}

/** The library's errors differ by their text only; these are the beginnings that keyring-core gives them. */
function translate(error: unknown, written: Secret | undefined): Failure {
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith("Couldn't access platform storage")) return lockedFailure();
  // A text that quotes the secret has not been seen; one that does must not get any further.
  const reason =
    written !== undefined && text.includes(written.reveal()) ? 'no reason that can be shown' : text;
  return new Failure('KeychainUnavailable', unavailable(process.platform, reason));
}

function lockedFailure(): Failure {
  return new Failure(
    'KeychainLocked',
    'The keychain is locked (or not set up yet) and was not unlocked. Unlock it, or answer its dialog when it asks, and try again.',
  );
}

function unavailable(platform: NodeJS.Platform, reason: string): string {
  const nowhereElse = 'Latchkey stores secrets nowhere else.';
  if (platform === 'linux' && reason.includes('DBus error')) {
    return `No Secret Service answered on D-Bus. Start gnome-keyring, or turn on the Secret Service of KeePassXC or KWallet, in this session. ${nowhereElse} (${reason})`;
  }
  if (reason.startsWith('Entry is matched by')) {
    return `Another program stored items in the keychain that cannot be told from Latchkey's. Remove them in the keychain's own program, then try again. (${reason})`;
  }
  const check = {
    darwin: 'Check it in Keychain Access; in a session over SSH run "security unlock-keychain" first.',
    win32: 'Check that the service Credential Manager (VaultSvc) runs.',
  };
  const advice =
    platform === 'darwin' || platform === 'win32' ? check[platform] : 'Check it in its own program.';
  return `The keychain did not do what it was asked (${reason}). ${advice} ${nowhereElse}`;
}
