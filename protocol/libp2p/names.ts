/** Names in addresses that the operator gave: looked up here, so that what is dialled is always an IP address that the rules have seen. */
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { protocolFailures } from '../failures.js';

export const NAME_ADDRESSES_MAX = 4;
export const NAME_LOOKUP_MS_MAX = 3_000;

export type LookUp = (name: string, family: 0 | 4 | 6) => Promise<readonly string[]>;

const FAMILIES = { dns: 0, dns4: 4, dns6: 6 } as const;

/** Shape: /dns4/boot.example/tcp/4010/p2p/… → the same with /ip4/…, one per IP; any other address unchanged. Errors: `p2p.dial_failed`. */
export async function withoutNames(address: string, lookUp: LookUp = lookUpBySystem): Promise<readonly string[]> {
  const match = /^\/(dns|dns4|dns6)\/([A-Za-z0-9.-]{1,253})(\/.*)$/.exec(address);
  const [, kind, name, rest] = match ?? [];
  if ((kind !== 'dns' && kind !== 'dns4' && kind !== 'dns6') || name === undefined || rest === undefined) return [address];
  try {
    const ips = await lookUp(name, FAMILIES[kind]);
    return ips.slice(0, NAME_ADDRESSES_MAX).map((ip) => `/${isIPv6(ip) ? 'ip6' : 'ip4'}/${ip}${rest}`);
  } catch (cause) {
    throw protocolFailures('p2p.dial_failed', { address }, cause);
  }
}

async function lookUpBySystem(name: string, family: 0 | 4 | 6): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${name} within ${NAME_LOOKUP_MS_MAX} ms`)), NAME_LOOKUP_MS_MAX);
  });
  try {
    return (await Promise.race([lookup(name, { all: true, family }), late])).map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
}
