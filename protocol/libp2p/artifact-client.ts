/** One model from several providers at once. Nothing reaches the sink that has not been checked against the digest asked for. */
import type { Stream } from '@libp2p/interface';
import { type Failure, isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import { type ChunkPlace, chunksOf } from '../holdings.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, DroppedProvider, FetchedModel, FetchModel, PackageLayout } from '../ports.js';
import { createProviderWatch, type TransferTimeouts } from '../provider-watch.js';
import type { Pacer } from '../rate.js';
import { createTransferPlan, type TransferPlan } from '../transfer-plan.js';
import { checkLayout, readManifest } from './artifact-manifest.js';
import { openWire } from './artifact-wire.js';
import { drawChunks } from './artifact-worker.js';
import type { NetworkMetrics } from './metrics.js';

export const TRANSFER_TIMEOUTS: TransferTimeouts = {
  firstByteMs: 5_000,
  idleMs: 10_000,
  rateWindowMs: 10_000,
  bytesPerSecondMin: 16 * 1024,
  bytesPerSecondWanted: 128 * 1024,
};
/** Providers of one model asked at one time. */
export const PROVIDERS_AT_ONCE_MAX = 6;
/** Providers of one transfer asked at all. */
export const PROVIDERS_PER_TRANSFER_MAX = 32;
const TICK_MS_MAX = 250;

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

/** What all providers of one transfer work on. */
export interface Download<L extends PackageLayout = PackageLayout> {
  readonly manifest: Uint8Array;
  readonly layout: L;
  readonly chunks: readonly ChunkPlace[];
  readonly plan: TransferPlan;
}

/** Errors: `p2p.*` or the sink's; after any of them the sink has only verified bytes. */
export async function fetchModel<L extends PackageLayout>(
  deps: ArtifactClientDeps,
  request: FetchModel<L>,
  timeouts: TransferTimeouts,
): Promise<FetchedModel<L>> {
  const { clock } = deps;
  const { model } = request;
  const startedMs = clock.nowMs();
  const over = new AbortController();
  const watch = createProviderWatch(timeouts);
  const given = new Map<PeerId, number>();
  const dropped: DroppedProvider[] = [];
  // Bounded by PROVIDERS_PER_TRANSFER_MAX.
  const asked = new Set<PeerId>();
  const atWork = new Map<PeerId, AbortController>();
  const waiters = new Set<() => void>();
  let opening: Promise<Download<L>> | null = null;
  let download: Download<L> | null = null;
  let hereBytes = 0;
  let receivedBytes = 0;
  let movedAtMs = startedMs;
  let isLooking = request.looking !== undefined;
  let settle: { resolve(): void; reject(cause: unknown): void } = { resolve() {}, reject() {} };
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });

  const cancelled = () => protocolFailures('p2p.cancelled', { model }, request.signal?.reason);
  if (request.signal?.aborted === true) throw cancelled();
  const cancel = () => settle.reject(cancelled());
  request.signal?.addEventListener('abort', cancel, { once: true });

  /** Something changed that may give an idle provider work. */
  function wake(): void {
    for (const waiter of [...waiters]) waiter();
    waiters.clear();
  }

  /** The first verified manifest decides; whoever sends another one afterwards has been dropped for it. */
  function adopt(manifest: Uint8Array): Promise<Download<L>> {
    opening ??= (async () => {
      const parsed = request.parseManifest(manifest);
      if (!parsed.ok) throw protocolFailures('p2p.bad_manifest', { model, problem: parsed.error });
      const layout = parsed.value;
      checkLayout(request, layout);
      const has = await store(() => request.sink.begin(manifest, layout));
      const chunks = chunksOf(layout);
      const isHere = (at: number) => has(chunks[at]?.file ?? 0, chunks[at]?.chunk ?? 0);
      const plan = createTransferPlan(chunks.length, isHere, deps.random);
      hereBytes = chunks.reduce((sum, { sizeBytes }, at) => (plan.isMissing(at) ? sum : sum + sizeBytes), 0);
      download = { manifest, layout, chunks, plan };
      return download;
    })();
    return opening;
  }

  function tell(layout: PackageLayout): void {
    const totalBytes = layout.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    request.onProgress?.({ receivedBytes, hereBytes, totalBytes, providers: atWork.size });
  }

  async function keep(peer: PeerId, place: ChunkPlace, bytes: Uint8Array, { layout, plan }: Download<L>): Promise<void> {
    movedAtMs = clock.nowMs();
    given.set(peer, (given.get(peer) ?? 0) + bytes.length);
    receivedBytes += bytes.length;
    hereBytes += bytes.length;
    wake();
    await store(() => request.sink.write(place.file, place.offset, bytes));
    tell(layout);
    kept += 1;
    if (plan.missing === 0 && kept === begun) settle.resolve();
  }
  let begun = 0;
  let kept = 0;

  async function employ(peer: PeerId, dismissal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([over.signal, dismissal]);
    const wire = openWire(await deps.openStream(peer, stop), { peer, model, clock, watch });
    const abort = () => wire.abort(stop.reason);
    stop.addEventListener('abort', abort, { once: true });
    if (stop.aborted) abort();
    try {
      const job = await (opening ?? adopt(await readManifest(wire, peer, request)));
      settleIfWhole(job);
      await drawChunks(
        {
          wire,
          peer,
          clock,
          stop,
          pacers: [deps.pacers.all, deps.pacers.of(peer)],
          changed: () => new Promise<void>((resolve) => waiters.add(resolve)),
          onBytes: (bytes) => deps.metrics.transferBytes?.('in', bytes),
          keep: (place, bytes) => {
            begun += 1;
            return keep(peer, place, bytes, job);
          },
        },
        job,
      );
      await wire.close();
    } catch (cause) {
      wire.abort(cause);
      throw cause;
    } finally {
      stop.removeEventListener('abort', abort);
    }
  }

  function settleIfWhole({ plan, layout }: Download<L>): void {
    if (plan.missing > 0 || begun !== kept) return;
    tell(layout);
    settle.resolve();
  }

  function letGo(peer: PeerId, cause: unknown): void {
    atWork.delete(peer);
    watch.forget(peer);
    movedAtMs = clock.nowMs();
    download?.plan.dropProvider(peer);
    wake();
    if (over.signal.aborted) return;
    if (cause !== null) {
      const failure = isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
      if (ENDS_ALL.has(failure.code) || !failure.code.startsWith('p2p.')) {
        settle.reject(failure);
        return;
      }
      const drop = { peer, failure, atMs: clock.nowMs() };
      dropped.push(drop);
      deps.onDropped(drop);
      request.onDropped?.(drop);
    }
    hire();
  }

  function hire(): void {
    if (download?.plan.missing === 0) return;
    const candidates = request.providers();
    for (const peer of candidates) {
      if (atWork.size >= PROVIDERS_AT_ONCE_MAX || asked.size >= PROVIDERS_PER_TRANSFER_MAX) break;
      if (asked.has(peer) || deps.isResting(peer)) continue;
      asked.add(peer);
      const dismissal = new AbortController();
      atWork.set(peer, dismissal);
      employ(peer, dismissal.signal).then(
        () => letGo(peer, null),
        (cause: unknown) => letGo(peer, dismissal.signal.aborted ? dismissal.signal.reason : cause),
      );
    }
    if (atWork.size === 0 && !isLooking) settle.reject(nobodyLeft(candidates.filter((peer) => !asked.has(peer)).length));
  }

  function nobodyLeft(resting: number): Failure {
    const [only] = dropped;
    // One provider: its own failure says more.
    if (only !== undefined && dropped.length === 1 && resting === 0) return only.failure;
    const codes = [...new Set(dropped.map(({ failure }) => failure.code))];
    return protocolFailures('p2p.no_source_left', { model, asked: asked.size, codes, resting }, only?.failure);
  }

  async function keepTime(): Promise<void> {
    const shortestMs = Math.min(timeouts.firstByteMs, timeouts.idleMs, timeouts.rateWindowMs);
    const tickMs = Math.max(1, Math.min(TICK_MS_MAX, Math.floor(shortestMs / 4)));
    while (!over.signal.aborted) {
      await clock.sleep(tickMs, over.signal).catch(() => undefined);
      if (over.signal.aborted) return;
      for (const late of watch.late(clock.nowMs())) {
        const peer = [...atWork.keys()].find((id) => id === late.id);
        if (peer === undefined) continue;
        const failure =
          late.reason === 'silent'
            ? protocolFailures('p2p.timeout', { peer, waitedMs: late.waitedMs })
            : protocolFailures('p2p.too_slow', { peer, bytesPerSecond: late.bytesPerSecond });
        atWork.get(peer)?.abort(failure);
      }
      hire();
      const stuck = download?.plan.orphan() ?? null;
      if (stuck !== null && clock.nowMs() - movedAtMs > timeouts.idleMs && watch.isIdle()) settle.reject(nobodyLeft(0));
    }
  }

  void request.looking?.then(() => {
    isLooking = false;
    if (!over.signal.aborted) hire();
  });
  try {
    hire();
    const ticking = keepTime();
    await outcome.finally(() => over.abort(protocolFailures('p2p.cancelled', { model })));
    await ticking;
  } finally {
    over.abort();
    wake();
    request.signal?.removeEventListener('abort', cancel);
  }
  if (download === null) throw cancelled();
  const { manifest, layout }: Download<L> = download;
  const from = [...given].map(([peer, bytes]) => ({ peer, bytes }));
  return { manifest, layout, receivedBytes, elapsedMs: clock.nowMs() - startedMs, from, dropped };
}

/** Faults of the package or of us: no other provider would do better. */
const ENDS_ALL: ReadonlySet<string> = new Set(['p2p.bad_manifest', 'p2p.model_too_large', 'p2p.sink_failed', 'p2p.cancelled']);

async function store<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw isFailure(cause) ? cause : protocolFailures('p2p.sink_failed', {}, cause);
  }
}
