/** Which endpoint is used: what is known about each, and the choice made of it. Time and chance are given. */
import type { Failure } from '../protocol/failure.js';
import type { EndpointHealth } from './endpoint-health.js';

export interface EndpointBook {
  /** The one to open now, or after `waitMs`; null: every endpoint is excluded. */
  next(nowMs: number): { readonly endpoint: string; readonly waitMs: number } | null;
  connected(endpoint: string, nowMs: number): void;
  /** The connection was given up without a fault of the endpoint. */
  left(endpoint: string): void;
  /** Shape: round trip of one small request, newest finalized block. */
  measured(endpoint: string, answer: { readonly latencyMs: number; readonly finalized?: number }): void;
  finalized(endpoint: string, number: number): void;
  /** As `measured`, of an endpoint that is not in use. */
  probed(endpoint: string, answer: { readonly latencyMs: number; readonly finalized: number }): void;
  failed(endpoint: string, failure: Failure, nowMs: number): void;
  /** Takes turns among those that are neither in use nor excluded. */
  nextToProbe(): string | null;
  /** An endpoint that has proved better than the one in use for a while; null: stay. */
  better(nowMs: number): string | null;
  /** Every endpoint that is not excluded has failed so many times in a row. */
  exhausted(times: number): boolean;
  health(nowMs: number): readonly EndpointHealth[];
}

/** First wait after a failure; doubles with each further one, half of it by chance. */
export const BACKOFF_FIRST_MS = 250;
export const BACKOFF_MAX_MS = 30_000;
/** A connection that lasted so long has wiped out the failures before it. */
export const STEADY_MS = 60_000;
/** What one place further down the list counts, in milliseconds of latency. */
export const PLACE_COST_MS = 1_000;
/** What a fresh failure counts, in milliseconds of latency. */
export const TROUBLE_COST_MS = 5_000;
export const TROUBLE_HALF_LIFE_MS = 300_000;
/** How much better another endpoint must be, and in how many probes in a row, before the one in use is left for it. */
export const RETURN_MARGIN_MS = 500;
export const PROBES_TO_RETURN = 3;
/** Weight of the newest measurement in the running latency. */
const LATENCY_WEIGHT = 0.25;
/** Answers after which an endpoint is never asked again: it is no endpoint of this chain. */
const FINAL: ReadonlySet<string> = new Set(['chain.wrong_genesis', 'chain.not_subtensor']);
/** What is wrong with an endpoint that answers everything and announces nothing: no probe sees it, so probes do not clear it either. */
const UNSEEN: ReadonlySet<string> = new Set(['chain.stalled', 'chain.behind']);

interface Entry {
  readonly endpoint: string;
  readonly place: number;
  inUse: boolean;
  excluded: boolean;
  connectedAtMs: number | null;
  latencyMs: number | null;
  finalized: number | null;
  failures: number;
  failuresInARow: number;
  goodProbes: number;
  /** It was left for something that a probe does not see. */
  unseen: boolean;
  /** Decaying: one per failure. */
  trouble: number;
  troubleAtMs: number;
  retryAtMs: number;
  lastFailure: EndpointHealth['lastFailure'];
}

/** `random` gives 0 ≤ x < 1. The order of `endpoints` is the operator's preference. */
export function createEndpointBook(
  { random }: { readonly random: () => number },
  options: { readonly endpoints: readonly string[]; readonly backoffMaxMs?: number | undefined },
): EndpointBook {
  const backoffMaxMs = options.backoffMaxMs ?? BACKOFF_MAX_MS;
  const entries = [...new Set(options.endpoints)].map((endpoint, place) => freshEntry(endpoint, place));
  let probeTurn = 0;

  const entryOf = (endpoint: string): Entry => {
    const found = entries.find((entry) => entry.endpoint === endpoint);
    if (found === undefined) throw new RangeError(`${endpoint} is not an endpoint of this list`);
    return found;
  };
  const usable = () => entries.filter(({ excluded }) => !excluded);
  const cheapest = (from: readonly Entry[], nowMs: number) => from.toSorted((a, b) => costOf(a, nowMs) - costOf(b, nowMs))[0] ?? null;

  return {
    next: (nowMs) => {
      const rested = cheapest(
        usable().filter(({ retryAtMs }) => retryAtMs <= nowMs),
        nowMs,
      );
      if (rested !== null) return { endpoint: rested.endpoint, waitMs: 0 };
      const soonest = usable().toSorted((a, b) => a.retryAtMs - b.retryAtMs)[0];
      return soonest === undefined ? null : { endpoint: soonest.endpoint, waitMs: soonest.retryAtMs - nowMs };
    },
    connected: (endpoint, nowMs) => {
      for (const entry of entries) entry.inUse = false;
      Object.assign(entryOf(endpoint), { inUse: true, connectedAtMs: nowMs, goodProbes: 0 });
    },
    left: (endpoint) => {
      Object.assign(entryOf(endpoint), { inUse: false, connectedAtMs: null });
    },
    measured: (endpoint, answer) => measure(entryOf(endpoint), answer),
    finalized: (endpoint, number) => {
      entryOf(endpoint).finalized = number;
    },
    probed: (endpoint, answer) => {
      const entry = entryOf(endpoint);
      measure(entry, answer);
      entry.goodProbes += 1;
      entry.failuresInARow = 0;
      if (!entry.unseen) entry.trouble /= 2;
    },
    failed: (endpoint, failure, nowMs) => {
      const entry = entryOf(endpoint);
      const steady = entry.connectedAtMs !== null && nowMs - entry.connectedAtMs >= STEADY_MS;
      entry.failures += 1;
      entry.failuresInARow = steady ? 1 : entry.failuresInARow + 1;
      entry.trouble = troubleOf(entry, nowMs) + 1;
      entry.troubleAtMs = nowMs;
      entry.goodProbes = 0;
      entry.unseen = UNSEEN.has(failure.code) && (entry.inUse || entry.unseen);
      entry.inUse = false;
      entry.connectedAtMs = null;
      entry.excluded ||= FINAL.has(failure.code);
      entry.lastFailure = { code: failure.code, message: failure.message, atMs: nowMs };
      const ceilingMs = Math.min(backoffMaxMs, BACKOFF_FIRST_MS * 2 ** Math.min(entry.failuresInARow - 1, 16));
      entry.retryAtMs = nowMs + ceilingMs * (0.5 + random() / 2);
    },
    nextToProbe: () => {
      const others = usable().filter(({ inUse }) => !inUse);
      const chosen = others[probeTurn % Math.max(1, others.length)];
      probeTurn += 1;
      return chosen?.endpoint ?? null;
    },
    better: (nowMs) => {
      const used = entries.find(({ inUse }) => inUse);
      if (used === undefined) return null;
      const proved = usable().filter((entry) => !entry.inUse && entry.goodProbes >= PROBES_TO_RETURN && entry.retryAtMs <= nowMs);
      const best = cheapest(proved, nowMs);
      return best !== null && costOf(best, nowMs) + RETURN_MARGIN_MS < costOf(used, nowMs) ? best.endpoint : null;
    },
    exhausted: (times) => usable().every(({ failuresInARow }) => failuresInARow >= times),
    health: (nowMs) => {
      const best = Math.max(...entries.map(({ finalized }) => finalized ?? 0));
      return entries.map((entry) => ({
        endpoint: entry.endpoint,
        state: stateOf(entry, nowMs),
        latencyMs: entry.latencyMs === null ? null : Math.round(entry.latencyMs),
        finalized: entry.finalized,
        behindBlocks: entry.finalized === null ? null : best - entry.finalized,
        failures: entry.failures,
        failuresInARow: entry.failuresInARow,
        costMs: Math.round(costOf(entry, nowMs)),
        lastFailure: entry.lastFailure,
      }));
    },
  };
}

function freshEntry(endpoint: string, place: number): Entry {
  return {
    endpoint,
    place,
    inUse: false,
    excluded: false,
    connectedAtMs: null,
    latencyMs: null,
    finalized: null,
    failures: 0,
    failuresInARow: 0,
    goodProbes: 0,
    unseen: false,
    trouble: 0,
    troubleAtMs: 0,
    retryAtMs: 0,
    lastFailure: null,
  };
}

function measure(entry: Entry, { latencyMs, finalized }: { readonly latencyMs: number; readonly finalized?: number }): void {
  entry.latencyMs = entry.latencyMs === null ? latencyMs : entry.latencyMs + (latencyMs - entry.latencyMs) * LATENCY_WEIGHT;
  entry.finalized = finalized ?? entry.finalized;
}

function troubleOf({ trouble, troubleAtMs }: Entry, nowMs: number): number {
  return trouble === 0 ? 0 : trouble * 2 ** (-Math.max(0, nowMs - troubleAtMs) / TROUBLE_HALF_LIFE_MS);
}

/** Lower is better. An endpoint that was never measured is taken for a fast one, so that the order of the list decides. */
function costOf(entry: Entry, nowMs: number): number {
  return (entry.latencyMs ?? 0) + entry.place * PLACE_COST_MS + troubleOf(entry, nowMs) * TROUBLE_COST_MS;
}

function stateOf({ inUse, excluded, retryAtMs, failuresInARow }: Entry, nowMs: number): EndpointHealth['state'] {
  if (excluded) return 'excluded';
  if (inUse) return 'in use';
  return failuresInARow > 0 && retryAtMs > nowMs ? 'resting' : failuresInARow > 0 ? 'failing' : 'ready';
}
