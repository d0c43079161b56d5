/** For how long a transaction is valid, counted in blocks. */
import { type ByteReader, type ByteWriter, defined, field, type Type, u8 } from './scale.js';

/** Null: for ever. */
export type Era = { readonly period: number; readonly phase: number } | null;

const MIN_PERIOD = 4;
const MAX_PERIOD = 65_536;

function quantumOf(period: number): number {
  return Math.max(1, period >> 12);
}

function write(out: ByteWriter, value: Era): void {
  if (value === null) {
    out.push(Uint8Array.of(0));
    return;
  }
  const trailing = Math.log2(value.period);
  const encoded = Math.min(15, Math.max(1, trailing - 1)) | ((value.phase / quantumOf(value.period)) << 4);
  out.push(Uint8Array.of(encoded & 255, encoded >> 8));
}

function read(from: ByteReader): Era {
  const first = from.take(1)[0] ?? 0;
  if (first === 0) return null;
  const encoded = first | ((from.take(1)[0] ?? 0) << 8);
  const period = 2 << (encoded & 15);
  const phase = (encoded >> 4) * quantumOf(period);
  if (period < MIN_PERIOD || period > MAX_PERIOD || phase >= period) throw new RangeError(`${encoded} is no era`);
  return { period, phase };
}

export const era: Type<Era> = defined<Era>({ write, read }, (table) => ({
  path: ['sp_runtime', 'generic', 'era', 'Era'],
  params: [],
  def: {
    tag: 'variant',
    value: Array.from({ length: 256 }, (_, index) =>
      index === 0
        ? { name: 'Immortal', fields: [], index, docs: [] }
        : { name: `Mortal${index}`, fields: [field(undefined, u8.id(table))], index, docs: [] },
    ),
  },
}));

/** The block whose hash is signed, seen from block `current`. An era that is over yields a later birth, so its signature no longer fits. */
export function birthOf(value: Era, current: number): number {
  if (value === null) return 0;
  const { period, phase } = value;
  return Math.floor((Math.max(current, phase) - phase) / period) * period + phase;
}

/** The first block in which it is no longer valid. */
export function deathOf(value: Era, current: number): number {
  return value === null ? Number.MAX_SAFE_INTEGER : birthOf(value, current) + value.period;
}
