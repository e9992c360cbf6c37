/** The commands, by their names. Each is loaded when it is wanted: a command pays for no other's code. */
import type { Command } from './command.ts';

const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  status: async () => (await import('./status.ts')).status,
  profiles: async () => (await import('./profiles.ts')).profiles,
  use: async () => (await import('./use.ts')).use,
  exec: async () => (await import('./exec.ts')).exec,
  shell: async () => (await import('./shell.ts')).shell,
  env: async () => (await import('./env.ts')).env,
  mfa: async () => (await import('./mfa.ts')).mfa,
  lock: async () => (await import('./lock.ts')).lock,
  unlock: async () => (await import('./unlock.ts')).unlock,
  open: async () => (await import('./open.ts')).open,
  whoami: async () => (await import('./whoami.ts')).whoami,
  console: async () => (await import('./console.ts')).openConsole,
  profile: async () => (await import('./profile.ts')).profile,
  key: async () => (await import('./key.ts')).key,
  credentials: async () => (await import('./credentials.ts')).credentials,
  token: async () => (await import('./token.ts')).token,
  endpoint: async () => (await import('./endpoint.ts')).endpoint,
  approvals: async () => (await import('./approvals.ts')).approvals,
  audit: async () => (await import('./audit.ts')).audit,
  completion: async () => (await import('./completion.ts')).completion,
};

/** In the order in which help shows them. */
export const commandNames: readonly string[] = Object.keys(loaders);

/** The command of that name, undefined where there is none. */
export async function commandNamed(name: string): Promise<Command | undefined> {
  return Object.hasOwn(loaders, name) ? loaders[name]?.() : undefined;
}

/** Every command, in the order in which help shows them. */
export async function allCommands(): Promise<(readonly [name: string, Command])[]> {
  return Promise.all(Object.entries(loaders).map(async ([name, load]) => [name, await load()] as const));
}
