/** Where the contract is found, whichever way it takes: apart from its schemas, which the command does without. */

/** Electron's IPC channels, and the paths of the HTTP transports: `POST /call/NAME`, `GET /events` (one JSON document a line). */
export const channels = {
  call: 'latchkey:call',
  subscribe: 'latchkey:subscribe',
  unsubscribe: 'latchkey:unsubscribe',
  event: 'latchkey:event',
} as const;
export const paths = { call: '/call/', events: '/events', exchange: '/exchange' } as const;
