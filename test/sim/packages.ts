import { createCipheriv } from 'node:crypto';
import { sha256Hex } from '../../protocol/digest.js';
import { createLru } from '../../protocol/lru.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSink, ArtifactSource, Clock, OpenArtifact, PackageLayout } from '../../protocol/ports.js';
import type { Chance } from './chance.js';

const CHUNK_SIZE_BYTES = 2_048;
const CHUNKS_MIN = 3;
const CHUNKS_MAX = 8;
const SIDE_FILE_SIZE_BYTES = 700;
/** Packages under way at one node, parts of earlier attempts among them; the one touched longest ago begins anew. */
const PARTS_KEPT_MAX = 64;
/** A holder that stops in the middle says no more for so long. */
const STOPPED_MS = 60_000;

export interface SyntheticPackage {
  readonly model: ModelDigest;
  readonly manifest: Uint8Array;
  readonly layout: PackageLayout;
  /** Drawn anew with each call: only digests are kept. */
  chunk(file: number, chunk: number): Uint8Array | null;
}

/** Small packages, each the same for the same number. */
export interface Packages {
  make(n: number): SyntheticPackage;
  of(model: string): SyntheticPackage | undefined;
}

export function createPackages(): Packages {
  const made = new Map<string, SyntheticPackage>();
  return {
    of: (model) => made.get(model),
    make(n) {
      const wholeChunks = CHUNKS_MIN + (n % (CHUNKS_MAX - CHUNKS_MIN));
      const sizes = [wholeChunks * CHUNK_SIZE_BYTES + 1 + ((n * 37) % CHUNK_SIZE_BYTES), SIDE_FILE_SIZE_BYTES];
      const bytesOf = (file: number) => noise(n, file, sizes[file] ?? 0);
      const chunksOf = (bytes: Uint8Array) =>
        Array.from({ length: Math.ceil(bytes.length / CHUNK_SIZE_BYTES) }, (_, at) =>
          bytes.slice(at * CHUNK_SIZE_BYTES, (at + 1) * CHUNK_SIZE_BYTES),
        );
      const layout: PackageLayout = {
        chunkSizeBytes: CHUNK_SIZE_BYTES,
        files: sizes.map((sizeBytes, file) => {
          const bytes = bytesOf(file);
          return {
            path: `file-${file}.bin`,
            sizeBytes,
            sha256: sha256Hex(bytes),
            chunks: chunksOf(bytes).map((chunk) => sha256Hex(chunk)),
          };
        }),
      };
      const manifest = new TextEncoder().encode(JSON.stringify(layout));
      // Safety: a sha-256 in hex.
      const model = sha256Hex(manifest) as ModelDigest;
      const one: SyntheticPackage = { model, manifest, layout, chunk: (file, chunk) => chunksOf(bytesOf(file))[chunk] ?? null };
      made.set(model, one);
      return one;
    },
  };
}

function noise(n: number, file: number, sizeBytes: number): Uint8Array {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(n);
  key.writeUInt32LE(file, 4);
  return new Uint8Array(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes)));
}

/** What `holds` says is here, as it is. */
export function honestSource(packages: Packages, holds: (model: string) => boolean): ArtifactSource {
  return {
    open: async (model) => {
      const one = holds(model) ? packages.of(model) : undefined;
      if (one === undefined) return null;
      const count = one.layout.files.reduce((sum, { chunks }) => sum + chunks.length, 0);
      return {
        manifest: async () => one.manifest.slice(),
        chunk: async (file, chunk) => one.chunk(file, chunk),
        holdings: async () => ({ chunks: null, count }),
        close: async () => {},
      };
    },
    holds: async (models) => models.map((model) => (holds(model) ? 'whole' : 'none')),
  };
}

/** The same, with each opening: one chunk that chance draws is not what the manifest says, or from it on nothing comes. */
export function hostileSource(honest: ArtifactSource, { chance, clock }: { chance: Chance; clock: Clock }): ArtifactSource {
  async function open(model: ModelDigest): Promise<OpenArtifact | null> {
    const artifact = await honest.open(model);
    if (artifact === null) return null;
    const { count } = await artifact.holdings();
    const [at, stops] = [chance.below(count), chance.happens(0.5)];
    let asked = 0;
    return {
      ...artifact,
      async chunk(file, chunk) {
        const bytes = await artifact.chunk(file, chunk);
        const isBad = asked++ === at;
        if (bytes === null || !isBad) return bytes;
        if (stops) await clock.sleep(STOPPED_MS);
        else bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8);
        return bytes;
      },
    };
  }
  return { ...honest, open };
}

/** Where packages lie at one node; stays when its process is killed. */
export interface Disk {
  holds(model: string): boolean;
  /** Goes on with what an earlier attempt has left. */
  sink(model: ModelDigest): ArtifactSink;
  /** All of it has come. Shape: whether it is, byte for byte, what it should be; if not, it is thrown away. */
  take(model: ModelDigest): boolean;
}

interface Part {
  readonly manifest: Uint8Array;
  readonly files: readonly Uint8Array[];
  readonly here: Set<string>;
}

export function createDisk(packages: Packages): Disk {
  const whole = new Set<string>();
  const parts = createLru<Part>(PARTS_KEPT_MAX);
  return {
    holds: (model) => whole.has(model),
    sink: (model) => ({
      async begin(manifest, layout) {
        const part = parts.get(model) ?? {
          manifest,
          files: layout.files.map(({ sizeBytes }) => new Uint8Array(sizeBytes)),
          here: new Set(),
        };
        parts.set(model, part);
        return (file, chunk) => part.here.has(`${file}/${chunk}`);
      },
      async write(file, offset, bytes) {
        const part = parts.get(model);
        part?.files[file]?.set(bytes, offset);
        part?.here.add(`${file}/${Math.floor(offset / CHUNK_SIZE_BYTES)}`);
      },
    }),
    take(model) {
      const [part, due] = [parts.get(model), packages.of(model)];
      parts.delete(model);
      if (part === undefined || due === undefined || Buffer.compare(part.manifest, due.manifest) !== 0) return false;
      const isExact = due.layout.files.every(({ chunks }, file) => {
        const bytes = Buffer.concat(chunks.map((_, chunk) => due.chunk(file, chunk) ?? Buffer.alloc(0)));
        return Buffer.compare(part.files[file] ?? Buffer.alloc(0), bytes) === 0;
      });
      if (isExact) whole.add(model);
      return isExact;
    },
  };
}
