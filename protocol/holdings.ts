/** Which chunks of a package somebody has, as bits: chunk n is bit n mod 8 of byte n div 8, lowest first. */
import type { PackageLayout } from './ports.js';

/** Shape: chunks by place in the package; `count` of them → bytes, bits beyond the last are 0. */
export function packHoldings(chunks: ReadonlySet<number> | null, count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let chunk = 0; chunk < count; chunk += 1) {
    if (chunks === null || chunks.has(chunk)) bits[chunk >> 3] = (bits[chunk >> 3] ?? 0) | (1 << (chunk & 7));
  }
  return bits;
}

/** Null: all of them. Bits beyond `count` are not looked at; missing bytes count as 0. */
export function unpackHoldings(bits: Uint8Array, count: number): ReadonlySet<number> | null {
  const chunks = new Set<number>();
  for (let chunk = 0; chunk < count; chunk += 1) if (((bits[chunk >> 3] ?? 0) >> (chunk & 7)) & 1) chunks.add(chunk);
  return chunks.size === count ? null : chunks;
}

/** One chunk of a package and its place. */
export interface ChunkPlace {
  readonly file: number;
  readonly chunk: number;
  /** In the file. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Every chunk of a package, file after file. */
export function chunksOf({ files, chunkSizeBytes }: PackageLayout): readonly ChunkPlace[] {
  return files.flatMap(({ chunks, sizeBytes }, file) =>
    chunks.map((sha256, chunk) => {
      const offset = chunk * chunkSizeBytes;
      return { file, chunk, offset, sizeBytes: Math.min(chunkSizeBytes, sizeBytes - offset), sha256 };
    }),
  );
}
