/**
 * Drand's unchained beacon: every few seconds one signature that nobody can foresee and everybody can check. Its rounds are the clock of timelocked
 * weights; the signature of a round is the key that opens what was locked to it.
 *
 * Source: drand quicknet (scheme bls-unchained-g1-rfc9380); subtensor pallets/drand.
 */
import { bls12_381 } from '@noble/curves/bls12-381';
import { fromHex, sha256, toHex } from '../protocol/digest.js';
import type { Beacon } from './ports.js';

/** Bytes of a signature: a compressed point of G1. */
export const SIGNATURE_SIZE_BYTES = 48;
/** Bytes of a public key: a compressed point of G2. */
export const PUBLIC_KEY_SIZE_BYTES = 96;

/** The beacon of the public networks, pinned: a chain of theirs that names another one is not believed. */
export const QUICKNET = {
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  genesisSeconds: 1_692_803_367,
  periodSeconds: 3,
} as const satisfies Omit<Beacon, 'lastStoredRound'>;

export type PinnedBeacon = Omit<Beacon, 'lastStoredRound'>;

/** The first thing in which a beacon is not the one expected; null: it is that one. */
export function beaconDifference(
  beacon: PinnedBeacon,
  pinned: PinnedBeacon,
): { readonly field: string; readonly expected: string | number; readonly actual: string | number } | null {
  for (const field of ['publicKey', 'genesisSeconds', 'periodSeconds'] as const) {
    if (beacon[field] !== pinned[field]) return { field, expected: pinned[field], actual: beacon[field] };
  }
  return null;
}

export type BeaconClock = Pick<Beacon, 'genesisSeconds' | 'periodSeconds'>;

export type G1Point = InstanceType<typeof bls12_381.G1.Point>;
export type G2Point = InstanceType<typeof bls12_381.G2.Point>;

/** The newest round whose time has come. Shape: Unix seconds → 1, 2, …; 0 before the beacon began. */
export function roundAt({ genesisSeconds, periodSeconds }: BeaconClock, timeSeconds: number): number {
  return Math.max(0, Math.floor((timeSeconds - genesisSeconds) / periodSeconds) + 1);
}

/** When a round is signed. Shape: 1, 2, … → Unix seconds. */
export function timeOfRound({ genesisSeconds, periodSeconds }: BeaconClock, round: number): number {
  return genesisSeconds + (round - 1) * periodSeconds;
}

/**
 * For a development chain that is its own beacon.
 * Shape: secret, any 32 bytes (read as a number, most significant first, modulo the order of the group) → 96 bytes as hex digits.
 */
export function publicKeyOf(secret: Uint8Array): string {
  return toHex(bls12_381.G2.Point.BASE.multiply(scalarOf(secret)).toBytes(true));
}

/** Shape: secret as in `publicKeyOf`, round → 48 bytes, the same each time. */
export function signRound(secret: Uint8Array, round: number): Uint8Array {
  return pointOfRound(round).multiply(scalarOf(secret)).toBytes(true);
}

/** False also for bytes that are no signature, or a key that is no key. */
export function verifyRound(publicKeyHex: string, round: number, signature: Uint8Array): boolean {
  const key = readG2(fromHex(publicKeyHex));
  const point = readG1(signature);
  if (key === null || point === null) return false;
  const pairs = [
    { g1: point, g2: bls12_381.G2.Point.BASE },
    { g1: pointOfRound(round).negate(), g2: key },
  ];
  return bls12_381.fields.Fp12.eql(bls12_381.pairingBatch(pairs), bls12_381.fields.Fp12.ONE);
}

/** What drand calls the randomness of a round. Shape: signature → 32 bytes. */
export function randomnessOf(signature: Uint8Array): Uint8Array {
  return sha256(signature);
}

/** What is signed in a round, as a point of G1. Errors: RangeError unless the round is an integer ≥ 1. */
export function pointOfRound(round: number): G1Point {
  if (!Number.isSafeInteger(round) || round < 1) throw new RangeError(`${round} is no round`);
  const message = new Uint8Array(8);
  new DataView(message.buffer).setBigUint64(0, BigInt(round));
  return bls12_381.G1.Point.fromAffine(bls12_381.G1.hashToCurve(sha256(message), { DST: DOMAIN }).toAffine());
}

const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

/** Shape: bytes, most significant first → 1..order − 1. Errors: RangeError for a multiple of the order. */
export function scalarOf(bytes: Uint8Array): bigint {
  const scalar = BigInt(`0x${toHex(bytes)}`) % bls12_381.fields.Fr.ORDER;
  if (scalar === 0n) throw new RangeError('a scalar of 0');
  return scalar;
}

/** Null unless it is the one compressed form of a point of the group, and not its zero. */
export function readG1(bytes: Uint8Array): G1Point | null {
  return readPoint(bytes, SIGNATURE_SIZE_BYTES, (form) => bls12_381.G1.Point.fromBytes(form));
}

/** As `readG1`. */
export function readG2(bytes: Uint8Array): G2Point | null {
  return readPoint(bytes, PUBLIC_KEY_SIZE_BYTES, (form) => bls12_381.G2.Point.fromBytes(form));
}

interface Point {
  is0(): boolean;
  toBytes(compressed: boolean): Uint8Array;
}

/** The library's `fromBytes` looks at the curve equation and at the subgroup; it takes other lengths too. */
function readPoint<P extends Point>(bytes: Uint8Array, sizeBytes: number, read: (bytes: Uint8Array) => P): P | null {
  if (bytes.length !== sizeBytes) return null;
  try {
    const point = read(bytes);
    return point.is0() || toHex(point.toBytes(true)) !== toHex(bytes) ? null : point;
  } catch {
    return null;
  }
}
