/** Which addresses may be dialled. The chain and peers name addresses; on a public network none of them may lie inside ours. */
import { BlockList, isIPv4 } from 'node:net';
import type { Multiaddr } from '@multiformats/multiaddr';

const inside = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inside.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(net, bits, 'ipv6');
}

/** Loopback, private, link-local, multicast and translated ranges. BlockList looks into IPv4-mapped IPv6 by itself. */
export function isPrivateIp(ip: string): boolean {
  return inside.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
}

/** The TCP addresses we can dial; names are not resolved. */
export function mayDial(address: Multiaddr, privateNetwork: boolean): boolean {
  const [host, transport] = address.stringTuples();
  const isIp = host !== undefined && (address.protoNames()[0] === 'ip4' || address.protoNames()[0] === 'ip6');
  if (!isIp || host[1] === undefined || transport === undefined || address.protoNames()[1] !== 'tcp') return false;
  return privateNetwork || !isPrivateIp(host[1]);
}
