/** What is done with one provider of a transfer: ask it for its next chunks, put the frames together, check each chunk before it is handed on. */
import { createHash, type Hash } from 'node:crypto';
import { protocolFailures } from '../failures.js';
import { type ChunkPlace, unpackHoldings } from '../holdings.js';
import type { PeerId } from '../peer-id.js';
import type { Clock } from '../ports.js';
import type { Pacer } from '../rate.js';
import type { TransferPlan } from '../transfer-plan.js';
import { createTransferWindow } from '../transfer-window.js';
import type { Outcome } from './artifact-crew.js';
import { readWhole } from './artifact-manifest.js';
import type { Answered, ArtifactWire } from './artifact-wire.js';
import { REQUEST_LENGTH_MAX } from './transfer.js';

/** A provider that has only a part is asked again so often what it has. */
const HOLDINGS_AGAIN_MS = 2_000;

export interface WorkerDeps {
  readonly wire: ArtifactWire;
  readonly peer: PeerId;
  readonly clock: Clock;
  /** The transfer is over, or this provider is dropped. */
  readonly stop: AbortSignal;
  readonly pacers: readonly Pacer[];
  /** `TransferTimeouts.withoutWorkMs`. */
  readonly withoutWorkMs: number;
  /** Resolves when there may be work for an idle provider. */
  readonly changed: () => Promise<void>;
  readonly onBytes: (bytes: number) => void;
  /** A chunk that is what the manifest says, the first copy of it. */
  readonly keep: (place: ChunkPlace, bytes: Uint8Array) => Promise<void>;
}

interface Job {
  readonly chunks: readonly ChunkPlace[];
  readonly plan: TransferPlan;
}

interface Piece {
  readonly at: number;
  readonly place: ChunkPlace;
  readonly buffer: Uint8Array;
  readonly hash: Hash;
  askedBytes: number;
  gotBytes: number;
}

/**
 * Resolves when nothing is missing any more, or when there has been nothing to ask of this provider for a while. Errors: p2p.wrong_bytes, p2p.truncated,
 * those of the wire and of `keep`.
 */
export async function drawChunks(deps: WorkerDeps, { chunks, plan }: Job): Promise<Outcome> {
  const { wire, peer, clock, stop } = deps;
  const window = createTransferWindow();
  // Bounded by the window: pieces with an answer under way, in the order of asking.
  const pieces: Piece[] = [];
  // What stored chunks were in; bounded by the window as they are.
  const spare: ArrayBufferLike[] = [];
  let outstandingBytes = 0;
  let holdsAll = false;
  let keeping: Promise<void> = Promise.resolve();

  async function askHoldings(): Promise<void> {
    const bits = await readWhole(wire, { want: 'holdings', file: 0, chunk: 0 }, (sizeBytes) => {
      if (sizeBytes > Math.ceil(chunks.length / 8))
        throw protocolFailures('p2p.protocol_violation', { peer, problem: 'too many holdings' });
    });
    const holds = unpackHoldings(bits, chunks.length);
    holdsAll = holds === null;
    plan.setProvider(peer, holds);
  }

  /** The piece to ask on: the last one while it has bytes not asked for, else the next of the plan. */
  function pieceToAsk(): Piece | null {
    const last = pieces.at(-1);
    if (last !== undefined && last.askedBytes < last.place.sizeBytes) {
      if (plan.isMissing(last.at)) return last;
      // Another provider was quicker: what is asked for still comes, the rest is left.
      if (last.gotBytes === last.askedBytes) leave(last);
    }
    const at = plan.next(peer);
    const place = at === null ? undefined : chunks[at];
    if (at === null || place === undefined) return null;
    const piece = { at, place, buffer: roomFor(place.sizeBytes), hash: createHash('sha256'), askedBytes: 0, gotBytes: 0 };
    pieces.push(piece);
    return piece;
  }

  /** Of before, where it can be: megabytes made anew for every chunk have V8 look through the whole heap ten times a second. */
  function roomFor(sizeBytes: number): Uint8Array {
    const used = spare.pop();
    // Not zeroed: it is handed on only when every byte of it has come.
    if (used === undefined || used.byteLength < sizeBytes) return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
    return new Uint8Array(used, 0, sizeBytes);
  }

  /** Asks for as much as may be under way. Shape: how long our own rate makes us wait; 0: it does not. */
  function askMore(): number {
    while (outstandingBytes < window.bytes) {
      const waitMs = Math.max(...deps.pacers.map((pacer) => pacer.waitMs(clock.nowMs())));
      if (waitMs > 0) return waitMs;
      const piece = pieceToAsk();
      if (piece === null) return 0;
      const { file, chunk, sizeBytes } = piece.place;
      const length = Math.min(REQUEST_LENGTH_MAX, sizeBytes - piece.askedBytes);
      // Not in small pieces whenever a frame has come: each question has its price.
      if (outstandingBytes + length > window.bytes) return 0;
      wire.send({ want: 'chunk', file, chunk, offset: piece.askedBytes, length });
      window.asked(clock.nowMs());
      for (const pacer of deps.pacers) pacer.take(length, clock.nowMs());
      piece.askedBytes += length;
      outstandingBytes += length;
    }
    return 0;
  }

  async function takeFrame({ ask, at, isLast, total, data }: Answered): Promise<void> {
    const [piece] = pieces;
    if (piece === undefined) throw protocolFailures('p2p.protocol_violation', { peer, problem: 'a chunk that was not asked for' });
    const { place, buffer, hash } = piece;
    if (total !== place.sizeBytes) throw protocolFailures('p2p.truncated', { peer, file: place.file, chunk: place.chunk });
    outstandingBytes -= data.byteLength;
    deps.onBytes(data.byteLength);
    window.answered(data.byteLength, isLast, clock.nowMs());
    const from = ask.offset + at;
    let to = from;
    for (const part of data) {
      buffer.set(part, to);
      to += part.length;
    }
    hash.update(buffer.subarray(from, to));
    piece.gotBytes = to;
    if (!isLast || to < piece.askedBytes) return;
    if (to === place.sizeBytes) {
      pieces.shift();
      await finish(piece);
    } else if (!plan.isMissing(piece.at)) leave(piece);
  }

  function leave(piece: Piece): void {
    pieces.splice(pieces.indexOf(piece), 1);
    plan.done(peer, piece.at);
  }

  async function finish({ at, place, buffer, hash }: Piece): Promise<void> {
    const { file, chunk, sha256 } = place;
    if (hash.digest('hex') !== sha256) throw protocolFailures('p2p.wrong_bytes', { peer, file, chunk });
    if (!plan.done(peer, at)) return;
    // One chunk is stored while the next one comes, no more: a slow disk slows the line down.
    await keeping;
    keeping = deps.keep(place, buffer);
    keeping.then(
      () => spare.push(buffer.buffer),
      () => {},
    );
  }

  async function rest(ms: number | null): Promise<void> {
    const early = new AbortController();
    const either = AbortSignal.any([stop, early.signal]);
    const sleep = clock.sleep(ms ?? HOLDINGS_AGAIN_MS, either).catch(() => undefined);
    await Promise.race(ms === null ? [deps.changed(), sleep] : [sleep]);
    early.abort();
    stop.throwIfAborted();
  }

  await askHoldings();
  let idleSinceMs: number | null = null;
  while (plan.missing > 0) {
    const waitMs = askMore();
    if (outstandingBytes > 0) {
      idleSinceMs = null;
      await takeFrame(await wire.receive());
      continue;
    }
    if (waitMs > 0) {
      await rest(waitMs);
      continue;
    }
    idleSinceMs ??= clock.nowMs();
    if (clock.nowMs() - idleSinceMs >= deps.withoutWorkMs) {
      await keeping;
      return 'idle';
    }
    await rest(null);
    if (!holdsAll && plan.missing > 0) await askHoldings();
  }
  await keeping;
  return 'whole';
}
