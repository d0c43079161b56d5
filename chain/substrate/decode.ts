/**
 * From the library's plain JSON of a decoded storage value to the values of chain/snapshot.ts. Integers arrive as numbers, or as `0x`
 * big-endian hex above 2⁵²; structs with camel-case names; bytes as hex; an enum as an object with one camel-case name.
 */
import { type Hash, parseHash, parseHotkey } from '../../protocol/names.js';
import type { Axon, ChainCommitment, Hotkey } from '../snapshot.js';

export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export function toBigInt(json: unknown): bigint {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
  if (typeof json === 'string' && /^(0x[0-9a-fA-F]+|\d+)$/.test(json)) return BigInt(json);
  throw new DecodeError(`not an integer: ${show(json)}`);
}

export function toNumber(json: unknown): number {
  const value = toBigInt(json);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError(`too large for a number: ${value}`);
  return Number(value);
}

export function toBoolean(json: unknown): boolean {
  if (typeof json === 'boolean') return json;
  throw new DecodeError(`not a boolean: ${show(json)}`);
}

export function toHotkey(json: unknown): Hotkey {
  const parsed = parseHotkey(typeof json === 'string' ? json : '');
  if (!parsed.ok) throw new DecodeError(`not an account: ${show(json)} (${parsed.error})`);
  return parsed.value;
}

export function asHash(text: unknown): Hash | null {
  const parsed = parseHash(String(text));
  return parsed.ok ? parsed.value : null;
}

export function toList<T>(json: unknown, item: (json: unknown) => T): readonly T[] {
  if (!Array.isArray(json)) throw new DecodeError(`not a list: ${show(json)}`);
  return json.map(item);
}

/** A per-uid vector may be shorter than the subnet right after a registration: what is missing is `absent`. */
export function at<T>(vector: readonly T[], index: number, absent: T): T {
  return vector[index] ?? absent;
}

/** A field of anything; undefined when it is no struct, or one without that field. */
export function fieldIn(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? Object.entries(json).find(([key]) => key === name)?.[1] : undefined;
}

/** A field of a struct; undefined where the runtime's struct has none of that name. */
export function fieldOf(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) throw new DecodeError(`not a struct: ${show(json)}`);
  return fieldIn(json, name);
}

/** Ed25519, as multibase certificates of libp2p keys are marked in the algorithm byte. */
export const PEER_KEY_ALGORITHM = 0xed;

/** Shape: NeuronCertificate → 64 hex digits of an Ed25519 key; null when there is none or it is of another kind. */
export function toPeerKey(json: unknown): string | null {
  if (json === null) return null;
  if (toNumber(fieldOf(json, 'algorithm')) !== PEER_KEY_ALGORITHM) return null;
  const key = hexDigits(fieldOf(json, 'publicKey'));
  return key.length === 64 ? key : null;
}

/** Shape: AxonInfo and certificate → where the neuron can be reached; null when it serves nothing (port or address 0). */
export function toAxon(json: unknown, certificate: unknown): Axon | null {
  if (json === null) return null;
  const port = toNumber(fieldOf(json, 'port'));
  const address = toBigInt(fieldOf(json, 'ip'));
  if (port === 0 || address === 0n) return null;
  return {
    ip: toNumber(fieldOf(json, 'ipType')) === 6 ? ipv6Text(address) : ipv4Text(address),
    port,
    protocol: toNumber(fieldOf(json, 'protocol')),
    version: toNumber(fieldOf(json, 'version')),
    block: toNumber(fieldOf(json, 'block')),
    peerKey: toPeerKey(certificate),
  };
}

const HASH_FIELDS = new Set(['blakeTwo256', 'sha256', 'keccak256', 'shaThree256']);

/** Shape: Registration of the Commitments pallet → its first field; null when that holds no readable bytes. */
export function toCommitment(json: unknown): ChainCommitment | null {
  if (json === null) return null;
  const fields = fieldOf(fieldOf(json, 'info'), 'fields');
  const first: unknown = Array.isArray(fields) ? fields[0] : undefined;
  if (typeof first !== 'object' || first === null) return null;
  const [kind, value] = Object.entries(first)[0] ?? ['', null];
  const readable = /^raw\d*$/.test(kind) || kind === 'bigRaw' || HASH_FIELDS.has(kind);
  return readable ? { block: toNumber(fieldOf(json, 'block')), data: hexDigits(value) } : null;
}

/** Shares of stake lent to children or taken from parents: (share of 2⁶⁴−1, account). */
export function toShares(json: unknown): readonly { readonly share: bigint; readonly account: Hotkey }[] {
  if (json === null) return [];
  return toList(json, (pair) => {
    if (!Array.isArray(pair)) throw new DecodeError(`not a pair: ${show(pair)}`);
    return { share: toBigInt(pair[0]), account: toHotkey(pair[1]) };
  });
}

export function hexDigits(json: unknown): string {
  if (typeof json === 'string' && /^0x([0-9a-f]{2})*$/.test(json)) return json.slice(2);
  throw new DecodeError(`not bytes: ${show(json)}`);
}

export function ipv4Text(address: bigint): string {
  if (address > 0xffff_ffffn) throw new DecodeError(`not an IPv4 address: ${address}`);
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join('.');
}

/** Canonical text of RFC 5952: lower case, the longest run of zeros as `::`. */
export function ipv6Text(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
  let start = 0;
  let length = 0;
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && groups[to] === 0) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** Shape: dotted or colon text → the integer the chain keeps and its type (4 or 6). Null: not an address. */
export function parseIp(text: string): { readonly address: bigint; readonly type: 4 | 6 } | null {
  const bytes = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text.split('.').map(Number) : null;
  if (bytes !== null) {
    if (bytes.some((byte) => byte > 255)) return null;
    return { address: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n), type: 4 };
  }
  const address = parseIpv6(text);
  return address === null ? null : { address, type: 6 };
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2 || text.length < 2) return null;
  const groupsOf = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0]);
  const tail = groupsOf(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function show(json: unknown): string {
  return (JSON.stringify(json) ?? 'nothing').slice(0, 80);
}
