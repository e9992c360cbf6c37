import type { Secret } from '../secret.ts';
import type { SecretStore } from './ports.ts';

/**
 * Keeps secrets in this process's memory, and loses them when it ends. For the demo, and for a machine with no
 * keychain whose person asks for it by name: it is never a fallback.
 */
export function memorySecretStore(): SecretStore {
  const secrets = new Map<string, Secret>();
  return {
    kind: 'memory',
    read: (name) => Promise.resolve(secrets.get(name)),
    write: (name, secret) => {
      secrets.set(name, secret);
      return Promise.resolve();
    },
    remove: (name) => Promise.resolve(secrets.delete(name)),
  };
}
