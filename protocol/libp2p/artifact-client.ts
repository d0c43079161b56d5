/** Fetches one model from one peer. Nothing reaches the sink that has not been checked against the digest asked for. */
import { createHash } from 'node:crypto';
import type { Stream } from '@libp2p/interface';
import { sha256Hex } from '../digest.js';
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { FetchedModel, FetchModel, PackageLayout } from '../ports.js';
import { type ArtifactWire, type Ask, openWire, type TransferTimeouts } from './artifact-wire.js';
import type { NetworkMetrics } from './metrics.js';
import { CHUNK_SIZE_BYTES_MAX, FRAME_DATA_BYTES_MAX } from './transfer.js';

export const TRANSFER_TIMEOUTS: TransferTimeouts = {
  firstByteMs: 5_000,
  idleMs: 10_000,
  bytesPerSecondMin: 16 * 1024,
  rateWindowMs: 10_000,
};

export interface ArtifactClientDeps {
  /** Rejects with `p2p.not_connected` or `p2p.stream_failed`. */
  readonly openStream: (peer: string, signal: AbortSignal | undefined) => Promise<Stream>;
  readonly metrics: NetworkMetrics;
}

/** Errors: `p2p.*`; after any of them the sink has only verified bytes. */
export async function fetchModel<L extends PackageLayout>(
  deps: ArtifactClientDeps,
  request: FetchModel<L>,
  timeouts: TransferTimeouts,
): Promise<FetchedModel<L>> {
  const { peer, model, signal } = request;
  const cancelled = () => protocolFailures('p2p.cancelled', { peer }, signal?.reason);
  const isCancelled = () => signal?.aborted === true;
  if (isCancelled()) throw cancelled();
  const startedMs = performance.now();
  const wire = openWire(await deps.openStream(peer, signal), { peer, model, timeouts });
  const cancel = () => wire.abort(signal?.reason);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const manifest = await fetchManifest(wire, request);
    const parsed = request.parseManifest(manifest);
    if (!parsed.ok) throw protocolFailures('p2p.bad_manifest', { model, problem: parsed.error });
    const layout = parsed.value;
    const totalBytes = checkLayout(request, layout);
    await store(() => request.sink.begin(manifest, layout));
    let receivedBytes = 0;
    for (const [fileIndex] of layout.files.entries()) {
      await fetchFile(wire, request, layout, fileIndex, (bytes) => {
        receivedBytes += bytes;
        deps.metrics.transferBytes?.('in', bytes);
        request.onProgress?.(receivedBytes, totalBytes);
      });
    }
    await wire.close();
    return { manifest, layout, receivedBytes, elapsedMs: performance.now() - startedMs };
  } catch (cause) {
    wire.abort(cause);
    if (isCancelled()) throw cancelled();
    throw isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function fetchManifest(wire: ArtifactWire, { peer, model, limits }: FetchModel): Promise<Uint8Array> {
  const head = { want: 'manifest', file: 0, chunk: 0 } as const;
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const { data, total: size } of wire.ask([{ ...head, offset: 0, length: FRAME_DATA_BYTES_MAX }])) {
    if (size > limits.manifestSizeBytesMax) {
      throw protocolFailures('p2p.model_too_large', { model, sizeBytes: size, maxBytes: limits.manifestSizeBytesMax });
    }
    total = size;
    parts.push(data);
  }
  let offset = parts[0]?.length ?? 0;
  if (offset < Math.min(total, FRAME_DATA_BYTES_MAX)) throw protocolFailures('p2p.truncated', { peer, file: 0, chunk: 0 });
  for await (const { ask, data } of wire.ask(slices(head, offset, total))) {
    if (data.length !== ask.length) throw protocolFailures('p2p.truncated', { peer, file: 0, chunk: 0 });
    parts.push(data);
    offset += data.length;
  }
  const manifest = new Uint8Array(Buffer.concat(parts));
  if (sha256Hex(manifest) !== model) throw protocolFailures('p2p.wrong_manifest', { peer });
  return manifest;
}

/** Total size. Everything is bounded before the first byte of a file is asked for. */
function checkLayout({ model, limits }: FetchModel, { files, chunkSizeBytes }: PackageLayout): number {
  const bad = (problem: string) => protocolFailures('p2p.bad_manifest', { model, problem });
  if (files.length === 0 || files.length > limits.filesMax) throw bad(`${files.length} files`);
  if (!Number.isSafeInteger(chunkSizeBytes) || chunkSizeBytes < 1 || chunkSizeBytes > CHUNK_SIZE_BYTES_MAX) throw bad('chunk size');
  let sizeBytes = 0;
  for (const file of files) {
    if (!Number.isSafeInteger(file.sizeBytes) || file.sizeBytes < 0) throw bad(`size of ${file.path}`);
    if (file.chunks.length !== Math.ceil(file.sizeBytes / chunkSizeBytes)) throw bad(`number of chunks of ${file.path}`);
    sizeBytes += file.sizeBytes;
  }
  if (sizeBytes > limits.totalSizeBytesMax) {
    throw protocolFailures('p2p.model_too_large', { model, sizeBytes, maxBytes: limits.totalSizeBytesMax });
  }
  return sizeBytes;
}

async function fetchFile<L extends PackageLayout>(
  wire: ArtifactWire,
  request: FetchModel<L>,
  layout: L,
  fileIndex: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { peer, model, sink } = request;
  const file = layout.files[fileIndex];
  if (file === undefined) return;
  const chunkSize = layout.chunkSizeBytes;
  const sizeOf = (chunk: number) => Math.min(chunkSize, file.sizeBytes - chunk * chunkSize);
  const wanted = file.chunks.map((_, chunk) => chunk).filter((chunk) => request.have?.(fileIndex, chunk) !== true);
  const whole = wanted.length === file.chunks.length ? createHash('sha256') : null;
  let buffer = new Uint8Array();
  for await (const { ask, data } of wire.ask(plan(fileIndex, wanted, sizeOf))) {
    if (data.length !== ask.length) throw protocolFailures('p2p.truncated', { peer, file: fileIndex, chunk: ask.chunk });
    if (ask.offset === 0) buffer = new Uint8Array(sizeOf(ask.chunk));
    buffer.set(data, ask.offset);
    onBytes(data.length);
    if (ask.offset + data.length < buffer.length) continue;
    if (sha256Hex(buffer) !== file.chunks[ask.chunk])
      throw protocolFailures('p2p.wrong_bytes', { peer, file: fileIndex, chunk: ask.chunk });
    whole?.update(buffer);
    const verified = buffer;
    await store(() => sink.write(fileIndex, ask.chunk * chunkSize, verified));
  }
  // Every chunk is as the manifest says; if the file then is not, the manifest contradicts itself.
  if (whole !== null && whole.digest('hex') !== file.sha256) {
    throw protocolFailures('p2p.bad_manifest', { model, problem: `${file.path} has another sha256 than its chunks` });
  }
}

function* plan(file: number, chunks: readonly number[], sizeOf: (chunk: number) => number): Generator<Ask> {
  for (const chunk of chunks) yield* slices({ want: 'chunk', file, chunk }, 0, sizeOf(chunk));
}

function* slices(head: Pick<Ask, 'want' | 'file' | 'chunk'>, from: number, to: number): Generator<Ask> {
  for (let offset = from; offset < to; offset += FRAME_DATA_BYTES_MAX) {
    yield { ...head, offset, length: Math.min(FRAME_DATA_BYTES_MAX, to - offset) };
  }
}

async function store(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw protocolFailures('p2p.sink_failed', {}, cause);
  }
}
