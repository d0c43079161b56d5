/** Whom we could dial: what the chain lists, what nodes sign about themselves, and whom we met before, by hotkey. */
import { isIPv4, isIPv6 } from 'node:net';
import { fromHex, toHex } from '../digest.js';
import type { Hotkey } from '../names.js';
import { peerIdFromKey } from '../peer-id.js';
import type { DirectoryEntry, KnownPeer } from '../ports.js';
import { endpointOf } from '../probe.js';
import type { NodeRecord } from '../records.js';

export interface Candidate {
  /** Null: an address that somebody else must tell us the hotkey of. */
  readonly hotkey: Hotkey | null;
  /** Best first; never empty. */
  readonly addresses: readonly string[];
}

export interface CandidateSources {
  readonly directory: readonly DirectoryEntry[];
  readonly records: readonly NodeRecord[];
  readonly known: readonly KnownPeer[];
  /** Addresses without a hotkey: bootstrap, local network. */
  readonly loose: readonly string[];
  /** Hotkeys that may be dialled; null: any. */
  readonly members: ReadonlySet<Hotkey> | null;
}

/** The chain comes first, then what a node says of itself, then the past. A record whose key is not the one on chain is left out. */
export function candidatesOf({ directory, records, known, loose, members }: CandidateSources): readonly Candidate[] {
  const byHotkey = new Map<Hotkey, string[]>();
  const chainKeys = new Map(directory.map(({ hotkey, peerKey }) => [hotkey, peerKey]));
  const add = (hotkey: Hotkey, address: string | null) => {
    if (address === null || members?.has(hotkey) === false) return;
    const list = byHotkey.get(hotkey) ?? [];
    // The same place with and without a key is one place: a dial with the key fails where the key is wrong.
    if (!list.some((each) => placeOf(each) === placeOf(address))) list.push(address);
    byHotkey.set(hotkey, list);
  };
  for (const entry of directory) add(entry.hotkey, addressOf(entry));
  for (const { binding } of records) {
    const key = chainKeys.get(binding.hotkey) ?? null;
    if (key !== null && key !== toHex(binding.peerKey)) continue;
    for (const address of binding.addresses) add(binding.hotkey, dialable(address, peerIdFromKey(binding.peerKey)));
  }
  for (const { hotkey, peerId, addresses } of known) for (const address of addresses) add(hotkey, dialable(address, peerId));
  const named: readonly Candidate[] = [...byHotkey].map(([hotkey, addresses]) => ({ hotkey, addresses }));
  return [...named, ...loose.map((address) => ({ hotkey: null, addresses: [address] }))];
}

/** Shape: what the chain says → multiaddr, with /p2p/ where the key is known; null for what cannot be one. */
export function addressOf(entry: DirectoryEntry): string | null {
  const family = isIPv4(entry.ip) ? 'ip4' : isIPv6(entry.ip) ? 'ip6' : null;
  if (family === null || entry.port < 1 || entry.port > 65_535) return null;
  const host = `/${family}/${entry.ip}/tcp/${entry.port}`;
  return entry.peerKey === null ? host : `${host}/p2p/${peerIdFromKey(fromHex(entry.peerKey))}`;
}

/** Foreign nodes name IP addresses and TCP ports; nobody makes us look up names. */
function dialable(address: string, peerId: string): string | null {
  const bare = placeOf(address);
  const place = endpointOf(bare);
  return place === null || (!isIPv4(place.ip) && !isIPv6(place.ip)) ? null : `${bare}/p2p/${peerId}`;
}

function placeOf(address: string): string {
  return address.replace(/\/p2p\/.*$/, '');
}
