/** Who works on one transfer: taken on as they turn up, let go when they are late, lie, stop or find nothing to do. */
import { type Failure, isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, DroppedProvider, FetchModel, PackageLayout } from '../ports.js';
import type { ProviderWatch, TransferTimeouts } from '../provider-watch.js';
import type { TransferPlan } from '../transfer-plan.js';

/** Providers of one model asked at one time. */
export const PROVIDERS_AT_ONCE_MAX = 6;
/** Providers of one transfer asked at all. */
export const PROVIDERS_PER_TRANSFER_MAX = 32;
const TICK_MS_MAX = 250;

/** whole: nothing is missing any more. idle: there has been no work for it, and it may come back when there is. */
export type Outcome = 'whole' | 'idle';

export interface CrewDeps {
  readonly clock: Clock;
  readonly watch: ProviderWatch;
  /** Everything that is done with one provider, until the transfer is over or it is dismissed. */
  readonly employ: (peer: PeerId, dismissal: AbortSignal) => Promise<Outcome>;
  /** Null: nobody has sent a manifest yet. */
  readonly plan: () => TransferPlan | null;
  /** Not to be asked now, because of earlier transfers. */
  readonly isResting: (peer: PeerId) => boolean;
  readonly onDropped: (drop: DroppedProvider) => void;
  /** No provider can help any more, or none could: the transfer ends with this. */
  readonly onEnd: (failure: Failure) => void;
  /** Others may have work now. */
  readonly onChange: () => void;
}

export interface Crew {
  /** Takes on whoever there is, and keeps time until the transfer is over. */
  run(over: AbortSignal): Promise<void>;
  /** Something has come: nobody is stuck. */
  moved(): void;
  /** At work now. */
  readonly size: number;
  readonly dropped: readonly DroppedProvider[];
}

export function createCrew<L extends PackageLayout>(
  deps: CrewDeps,
  { model, providers, looking }: Pick<FetchModel<L>, 'model' | 'providers' | 'looking'>,
  timeouts: TransferTimeouts,
): Crew {
  const { clock, watch } = deps;
  const dropped: DroppedProvider[] = [];
  // Bounded by PROVIDERS_PER_TRANSFER_MAX.
  const asked = new Set<PeerId>();
  const idle = new Set<PeerId>();
  const atWork = new Map<PeerId, AbortController>();
  let movedAtMs = clock.nowMs();
  let isLooking = looking !== undefined;
  let isOver = false;

  function hire(): void {
    const plan = deps.plan();
    if (plan?.missing === 0) return;
    const candidates = providers();
    for (const peer of candidates) {
      if (atWork.size >= PROVIDERS_AT_ONCE_MAX || asked.size >= PROVIDERS_PER_TRANSFER_MAX) break;
      if (asked.has(peer) || deps.isResting(peer) || (idle.has(peer) && plan?.hasWork() === false)) continue;
      begin(peer);
    }
    if (atWork.size === 0 && !isLooking) deps.onEnd(nobodyLeft(candidates.filter((peer) => !asked.has(peer)).length));
  }

  function begin(peer: PeerId): void {
    const dismissal = new AbortController();
    asked.add(peer);
    idle.delete(peer);
    atWork.set(peer, dismissal);
    deps.employ(peer, dismissal.signal).then(
      (outcome) => {
        if (outcome === 'idle' && asked.delete(peer)) idle.add(peer);
        letGo(peer, null);
      },
      (cause: unknown) => letGo(peer, dismissal.signal.aborted ? dismissal.signal.reason : cause),
    );
  }

  function letGo(peer: PeerId, cause: unknown): void {
    atWork.delete(peer);
    watch.forget(peer);
    movedAtMs = clock.nowMs();
    deps.plan()?.dropProvider(peer);
    deps.onChange();
    if (isOver) return;
    if (cause !== null) {
      const failure = isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
      if (ENDS_ALL.has(failure.code) || !failure.code.startsWith('p2p.')) {
        deps.onEnd(failure);
        return;
      }
      const drop = { peer, failure, atMs: clock.nowMs() };
      dropped.push(drop);
      deps.onDropped(drop);
    }
    hire();
  }

  function nobodyLeft(resting: number): Failure {
    const [only] = dropped;
    // One provider: its own failure says more.
    if (only !== undefined && dropped.length === 1 && resting === 0) return only.failure;
    const codes = [...new Set(dropped.map(({ failure }) => failure.code))];
    return protocolFailures('p2p.no_source_left', { model, asked: asked.size, codes, resting }, only?.failure);
  }

  function dismissLate(): void {
    for (const late of watch.late(clock.nowMs())) {
      const peer = [...atWork.keys()].find((id) => id === late.id);
      if (peer === undefined) continue;
      const failure =
        late.reason === 'silent'
          ? protocolFailures('p2p.timeout', { peer, waitedMs: late.waitedMs })
          : protocolFailures('p2p.too_slow', { peer, bytesPerSecond: late.bytesPerSecond });
      atWork.get(peer)?.abort(failure);
    }
  }

  const isStuck = () => (deps.plan()?.orphan() ?? null) !== null && clock.nowMs() - movedAtMs > timeouts.idleMs && watch.isIdle();

  return {
    dropped,
    get size() {
      return atWork.size;
    },
    moved() {
      movedAtMs = clock.nowMs();
    },
    async run(over) {
      over.addEventListener('abort', () => {
        isOver = true;
      });
      void looking?.then(() => {
        isLooking = false;
        if (!over.aborted) hire();
      });
      hire();
      const shortestMs = Math.min(timeouts.firstByteMs, timeouts.idleMs, timeouts.rateWindowMs);
      const tickMs = Math.max(1, Math.min(TICK_MS_MAX, Math.floor(shortestMs / 4)));
      while (!over.aborted) {
        await clock.sleep(tickMs, over).catch(() => undefined);
        if (over.aborted) return;
        dismissLate();
        hire();
        if (isStuck()) deps.onEnd(nobodyLeft(0));
      }
    },
  };
}

/** Faults of the package or of us: no other provider would do better. */
const ENDS_ALL: ReadonlySet<string> = new Set(['p2p.bad_manifest', 'p2p.model_too_large', 'p2p.sink_failed', 'p2p.cancelled']);
