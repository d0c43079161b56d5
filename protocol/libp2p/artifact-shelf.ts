/** What one upload has open: the package it is about, and the chunk whose frames are being asked for. */
import { toHex } from '../digest.js';
import { packHoldings } from '../holdings.js';
import { type ModelDigest, parseModelDigest } from '../names.js';
import type { ArtifactSource, OpenArtifact } from '../ports.js';
import type { ArtifactRequest } from '../streams.pb.js';
import { WANT } from './transfer.js';

export interface Shelf {
  /** All bytes that a request is about; null: there is no such thing here. */
  bytesOf(request: ArtifactRequest): Promise<Uint8Array | null>;
  /** Idempotent; what is being opened is closed too. */
  close(): Promise<void>;
}

export function createShelf(source: () => ArtifactSource | null): Shelf {
  let open: { readonly model: ModelDigest; readonly artifact: Promise<OpenArtifact | null> } | null = null;
  // Frames of one chunk are asked for one after the other: it is read once.
  let last: { readonly key: string; readonly bytes: Promise<Uint8Array | null> } | null = null;
  let isClosed = false;

  async function close(): Promise<void> {
    const present = open;
    open = null;
    last = null;
    await (await present?.artifact.catch(() => null))?.close();
  }

  async function artifactOf(model: ModelDigest): Promise<OpenArtifact | null> {
    if (open?.model !== model) {
      await close();
      if (isClosed) return null;
      open = { model, artifact: source()?.open(model) ?? Promise.resolve(null) };
    }
    return open.artifact;
  }

  async function read(model: ModelDigest, { want, file, chunk }: ArtifactRequest): Promise<Uint8Array | null> {
    const artifact = await artifactOf(model);
    if (artifact === null) return null;
    if (want === WANT.manifest) return artifact.manifest();
    if (want === WANT.chunk) return artifact.chunk(file, chunk);
    if (want !== WANT.holdings) return null;
    const { chunks, count } = await artifact.holdings();
    return packHoldings(chunks, count);
  }

  return {
    async bytesOf(request) {
      const model = parseModelDigest(toHex(request.model));
      if (!model.ok || isClosed) return null;
      const key = `${request.want} ${model.value} ${request.file} ${request.chunk}`;
      // What is held of a package grows, the rest stays as it is.
      if (last?.key !== key || (request.want === WANT.holdings && request.offset === 0)) {
        last = { key, bytes: read(model.value, request) };
      }
      return last.bytes;
    },
    async close() {
      isClosed = true;
      await close();
    },
  };
}
