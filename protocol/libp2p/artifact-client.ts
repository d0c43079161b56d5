/** One model from several providers at once. Nothing reaches the sink that has not been checked against the digest asked for. */
import type { Stream } from '@libp2p/interface';
import { protocolFailures } from '../failures.js';
import type { ChunkPlace } from '../holdings.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, DroppedProvider, FetchedModel, FetchModel, PackageLayout } from '../ports.js';
import { createProviderWatch, type TransferTimeouts } from '../provider-watch.js';
import type { Pacer } from '../rate.js';
import { createArrival } from './artifact-arrival.js';
import { createCrew, type Outcome } from './artifact-crew.js';
import { readManifest } from './artifact-manifest.js';
import { openWire } from './artifact-wire.js';
import { drawChunks } from './artifact-worker.js';
import type { NetworkMetrics } from './metrics.js';

export const TRANSFER_TIMEOUTS: TransferTimeouts = {
  firstByteMs: 5_000,
  idleMs: 10_000,
  rateWindowMs: 10_000,
  bytesPerSecondMin: 16 * 1024,
  bytesPerSecondWanted: 128 * 1024,
  // Half of UPLOAD_IDLE_MS_MAX, at which the other side closes the stream.
  withoutWorkMs: 15_000,
};

export interface ArtifactClientDeps {
  /** Rejects with `p2p.not_connected` or `p2p.stream_failed`. */
  readonly openStream: (peer: PeerId, signal: AbortSignal) => Promise<Stream>;
  readonly clock: Clock;
  /** [0, 1). */
  readonly random: () => number;
  readonly metrics: NetworkMetrics;
  /** Of everything that comes in, and of what comes from one peer. */
  readonly pacers: { readonly all: Pacer; of(peer: PeerId): Pacer };
  /** Not to be asked now, because of earlier transfers. */
  readonly isResting: (peer: PeerId) => boolean;
  readonly onDropped: (drop: DroppedProvider) => void;
}

/** Errors: `p2p.*` or the sink's; after any of them the sink has only verified bytes. */
export async function fetchModel<L extends PackageLayout>(
  deps: ArtifactClientDeps,
  request: FetchModel<L>,
  timeouts: TransferTimeouts,
): Promise<FetchedModel<L>> {
  const { clock } = deps;
  const { model, signal } = request;
  const startedMs = clock.nowMs();
  const cancelled = () => protocolFailures('p2p.cancelled', { model }, signal?.reason);
  if (signal?.aborted === true) throw cancelled();
  const over = new AbortController();
  const watch = createProviderWatch(timeouts);
  const given = new Map<PeerId, number>();
  let settle: { resolve(): void; reject(cause: unknown): void } = { resolve() {}, reject() {} };
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const waiters = new Set<() => void>();
  const changed = () => new Promise<void>((resolve) => waiters.add(resolve));
  /** Something changed that may give an idle provider work. */
  function wake(): void {
    for (const waiter of [...waiters]) waiter();
    waiters.clear();
  }

  const arrival = createArrival(
    {
      random: deps.random,
      onProgress: (progress) => request.onProgress?.({ ...progress, providers: crew.size }),
      onWhole: () => settle.resolve(),
    },
    request,
  );
  const crew = createCrew<L>(
    {
      clock,
      watch,
      employ,
      plan: () => arrival.download?.plan ?? null,
      isResting: deps.isResting,
      onDropped(drop) {
        deps.onDropped(drop);
        request.onDropped?.(drop);
      },
      onEnd: (failure) => settle.reject(failure),
      onChange: wake,
    },
    request,
    timeouts,
  );

  async function employ(peer: PeerId, dismissal: AbortSignal): Promise<Outcome> {
    const stop = AbortSignal.any([over.signal, dismissal]);
    const wire = openWire(await deps.openStream(peer, stop), { peer, model, clock, watch });
    const abort = () => wire.abort(stop.reason);
    stop.addEventListener('abort', abort, { once: true });
    if (stop.aborted) abort();
    try {
      const job = await arrival.open(() => readManifest(wire, peer, request));
      const came = await drawChunks(
        {
          ...{ wire, peer, clock, stop, changed },
          pacers: [deps.pacers.all, deps.pacers.of(peer)],
          withoutWorkMs: timeouts.withoutWorkMs,
          onBytes: (bytes) => deps.metrics.transferBytes?.('in', bytes),
          keep: (place, bytes) => keep(peer, place, bytes),
        },
        job,
      );
      await wire.close();
      return came;
    } catch (cause) {
      wire.abort(cause);
      throw cause;
    } finally {
      stop.removeEventListener('abort', abort);
    }
  }

  function keep(peer: PeerId, place: ChunkPlace, bytes: Uint8Array): Promise<void> {
    given.set(peer, (given.get(peer) ?? 0) + bytes.length);
    const keeping = arrival.keep(place, bytes);
    crew.moved();
    wake();
    return keeping;
  }

  const cancel = () => settle.reject(cancelled());
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const running = crew.run(over.signal);
    await outcome.finally(() => over.abort(protocolFailures('p2p.cancelled', { model })));
    await running;
  } finally {
    over.abort();
    wake();
    signal?.removeEventListener('abort', cancel);
  }
  const { download, receivedBytes } = arrival;
  if (download === null) throw cancelled();
  const { manifest, layout } = download;
  const from = [...given].map(([peer, bytes]) => ({ peer, bytes }));
  return { manifest, layout, receivedBytes, elapsedMs: clock.nowMs() - startedMs, from, dropped: crew.dropped };
}
