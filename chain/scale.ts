/** The few SCALE forms that the pure core itself has to write and read, byte for byte: what is hashed or encrypted before any metadata is at hand. */

const U16_MAX = 65_535;
const U64_MAX = (1n << 64n) - 1n;

/** Longest vector that is read from foreign bytes: a subnet has at most 4,096 seats. */
export const SCALE_VECTOR_LENGTH_MAX = 4_096;

/** Shape: 0..65535 → 2 bytes, least first. Errors: RangeError. */
export function u16(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > U16_MAX) throw new RangeError(`${value} is no u16`);
  return Uint8Array.of(value & 255, value >> 8);
}

/** Shape: 0..2⁶⁴ − 1 → 8 bytes, least first. Errors: RangeError. */
export function u64(value: bigint): Uint8Array {
  if (value < 0n || value > U64_MAX) throw new RangeError(`${value} is no u64`);
  return Uint8Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

/** Shape: 0..2³⁰ − 1 → 1, 2 or 4 bytes. Errors: RangeError. */
export function compact(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 30) throw new RangeError(`${value} is no length`);
  if (value < 2 ** 6) return Uint8Array.of(value << 2);
  if (value < 2 ** 14) return u16((value << 2) | 1);
  return Uint8Array.from({ length: 4 }, (_, index) => (((value << 2) | 2) >>> (8 * index)) & 255);
}

/** Shape: u16 numbers → `Vec<u16>`. */
export function vecU16(values: readonly number[]): Uint8Array {
  return joined(compact(values.length), ...values.map(u16));
}

/** Shape: bytes → `Vec<u8>`. */
export function vecBytes(bytes: Uint8Array): Uint8Array {
  return joined(compact(bytes.length), bytes);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export interface ScaleReader {
  bytes(length: number): Uint8Array;
  u64(): bigint;
  vecU16(): number[];
  vecBytes(): Uint8Array;
  /** Bytes not read yet. */
  left(): number;
}

/** Reads from foreign bytes. Errors: each method throws RangeError when they end too early, are too long or not in their shortest form. */
export function scaleReader(input: Uint8Array): ScaleReader {
  let at = 0;
  const bytes = (length: number): Uint8Array => {
    if (at + length > input.length) throw new RangeError(`${length} bytes wanted, ${input.length - at} left`);
    at += length;
    return input.slice(at - length, at);
  };
  const little = (sizeBytes: number): bigint => bytes(sizeBytes).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const length = (): number => {
    const mode = (input[at] ?? 0) & 3;
    if (mode === 3) throw new RangeError('a vector is too long');
    const value = Number(little([1, 2, 4][mode] ?? 1) >> 2n);
    if (compact(value).length !== [1, 2, 4][mode]) throw new RangeError('a length is not in its shortest form');
    if (value > SCALE_VECTOR_LENGTH_MAX) throw new RangeError(`a vector of ${value} is too long`);
    return value;
  };
  return {
    bytes,
    u64: () => little(8),
    vecU16: () => Array.from({ length: length() }, () => Number(little(2))),
    vecBytes: () => bytes(length()),
    left: () => input.length - at,
  };
}
