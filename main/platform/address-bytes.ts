import { isIPv4, isIPv6 } from 'node:net';

/** The 16 bytes of an IPv6 address, of an IPv4 address as mapped into IPv6; undefined if it is neither. */
export function addressBytes(address: string): Buffer | undefined {
  if (isIPv4(address)) return mappedIPv4(Buffer.from(address.split('.').map(Number)));
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const dotted = /[\d.]+$/.exec(address)?.[0] ?? '';
  const tail = isIPv4(dotted) ? Buffer.from(dotted.split('.').map(Number)).toString('hex') : '';
  const groups =
    tail === '' ? address : `${address.slice(0, -dotted.length)}${tail.slice(0, 4)}:${tail.slice(4)}`;
  const [head = '', rest] = groups.split('::');
  const toHex = (part: string) =>
    part
      .split(':')
      .filter((group) => group !== '')
      .map((group) => group.padStart(4, '0'))
      .join('');
  const end = rest === undefined ? '' : toHex(rest);
  return Buffer.from(toHex(head).padEnd(32 - end.length, '0') + end, 'hex');
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function mappedIPv4(address: Buffer): Buffer {
  return Buffer.concat([mappedPrefix, address]);
}

/** Whether 16 bytes are an IPv4 address, mapped into IPv6 (RFC 4291, 2.5.5.2). */
export function isMappedIPv4(address: Buffer): boolean {
  return address.subarray(0, 12).equals(mappedPrefix);
}
