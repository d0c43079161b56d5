import { setMaxListeners } from 'node:events';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Hash } from '../../protocol/names.js';
import type { Clock, Logger } from '../../protocol/ports.js';
import { createEndpointBook } from '../endpoint-book.js';
import type { EndpointHealth } from '../endpoint-health.js';
import { chainFailure } from '../failures.js';
import type { ChainIdentity, RuntimeDescription } from '../ports.js';
import type { BlockRef } from '../snapshot.js';
import { attend, behindOf, HEAD_TIMEOUT_BLOCKS, MAX_HEAD_TIMEOUT_FACTOR, MIN_HEAD_TIMEOUT_MS } from './attend.js';
import { type ClockDrift, createDriftWatch } from './drift-watch.js';
import { createHeadFeed } from './head-feed.js';
import { probeEndpoint, standingOf } from './probe.js';
import { createRuntimeShelf } from './runtimes.js';
import { openSession } from './session.js';
import type { Session } from './session-shape.js';
import { systemClock, withDeadline } from './timing.js';

export interface ConnectionOptions {
  /** ws:// or wss:// addresses, best first. The best healthy one is used, see chain/endpoint-book.ts. */
  readonly endpoints: readonly string[];
  /** null: the first chain that answers is ours, and all later endpoints must serve the same one. */
  readonly genesis: Hash | null;
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Without a new head for this long the endpoint is left; default: five block times, at least `MIN_HEAD_TIMEOUT_MS`. */
  readonly headTimeoutMs?: number;
  /** Between two looks at an endpoint that is not in use; default `PROBE_INTERVAL_MS`. */
  readonly probeIntervalMs?: number;
  /** False on a chain whose time is artificial; default true. */
  readonly watchClock?: boolean;
  /** Also the first connection is tried for ever: for a node that has been on this chain before. */
  readonly patient?: boolean;
  /** Longest wait before an endpoint that failed is asked again; default `BACKOFF_MAX_MS`. */
  readonly backoffMaxMs?: number;
}

export interface ConnectionStatus {
  readonly connected: boolean;
  readonly endpoint: string | null;
  readonly head: BlockRef | null;
  readonly finalized: BlockRef | null;
  /** Sessions opened after the first. */
  readonly reconnects: number;
  /** JSON-RPC requests of the whole process so far. */
  readonly requests: number;
  readonly lastFailure: string | null;
  /** In the order of the configuration. */
  readonly endpoints: readonly EndpointHealth[];
  /** Null: not judged yet, or the blocks say nothing about it. */
  readonly clock: ClockDrift | null;
  /** Callbacks and callers held at this moment. */
  readonly held: { readonly listeners: number; readonly waiting: number };
}

export interface Connection {
  /** Resolves when connected. Errors: the last endpoint's failure, once each has failed `START_ROUNDS` times (unless `patient`) or none is of this chain. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** Of the chain last connected to. Errors: throws chain.stopped before the first connection. */
  identity(): ChainIdentity;
  /** Of the runtime last connected to. Errors: throws chain.stopped before the first connection. */
  runtime(): RuntimeDescription;
  /** The live session, waited for at most one request deadline. Errors: chain.unreachable, chain.stopped, chain.wrong_genesis when no endpoint is left. */
  session(): Promise<Session>;
  /** Runs a read; if the session goes away beneath it, once more on the next one. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Survives reconnection; a head lower than one seen before is not passed on. */
  onFinalized(listener: (head: BlockRef) => void): () => void;
  onHead(listener: (head: BlockRef) => void): () => void;
  /** Ends the session and opens one anew on the endpoint that is best then; with fresh metadata after an upgrade or a bad signature. */
  renew(session: Session, reason: Failure): Promise<Session>;
  /** Aborted when the connection is stopped. Errors: throws chain.stopped before it is started. */
  lifetime(): AbortSignal;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 15_000;
export const START_ROUNDS = 2;
export const PROBE_INTERVAL_MS = 60_000;
/** Most of what is waited after a lost connection, so that not everybody comes to the next endpoint in the same moment. */
export const RECONNECT_WAIT_MS = 250;
/** Ends of a session that are no fault of the endpoint. */
const BLAMELESS: ReadonlySet<string> = new Set(['chain.runtime_upgraded', 'chain.bad_signature', 'chain.moved', 'chain.stopped']);

interface Waiter {
  readonly resolve: (session: Session) => void;
  readonly reject: (error: unknown) => void;
}

/** One connection per process, to one of several endpoints at a time; keeps itself alive until stopped. */
export function createConnection(
  deps: {
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
    /** 0 ≤ x < 1; spreads waits. */
    readonly random?: (() => number) | undefined;
  },
  options: ConnectionOptions,
): Connection {
  const { logger } = deps;
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? Math.random;
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const probeIntervalMs = options.probeIntervalMs ?? PROBE_INTERVAL_MS;
  const reconnectWaitMs = Math.min(RECONNECT_WAIT_MS, options.backoffMaxMs ?? RECONNECT_WAIT_MS);
  const book = createEndpointBook({ random }, options);
  const drift = createDriftWatch({ logger });
  const runtimes = createRuntimeShelf({ clock }, { loadTimeoutMs: connectTimeoutMs });
  const heads = createHeadFeed();
  const finals = createHeadFeed();
  const waiting = new Set<Waiter>();
  let lifetime: AbortController | null = null;
  let running: Promise<void> | null = null;
  let current: Session | null = null;
  let lastIdentity: ChainIdentity | null = null;
  let lastRuntime: (() => RuntimeDescription) | null = null;
  let genesis = options.genesis;
  let opened = 0;
  let requestsBefore = 0;
  let lastFailure: Failure | null = null;
  /** No endpoint is left. */
  let hopeless: Failure | null = null;
  let stallFactor = 1;

  function settle(outcome: (waiter: Waiter) => void): void {
    for (const waiter of waiting) outcome(waiter);
    waiting.clear();
  }

  function failed(endpoint: string, failure: Failure, message: string): void {
    lastFailure = failure;
    book.failed(endpoint, failure, clock.nowMs());
    const excluded = book.health(clock.nowMs()).find((health) => health.endpoint === endpoint)?.state === 'excluded';
    const facts = { endpoint, code: failure.code, ...failure.facts };
    if (excluded) logger?.error(facts, `${failure.message} It is not asked again until the next start. ${failure.hint}`);
    else logger?.warn(facts, message);
  }

  /** A session on an endpoint that is no further behind than it may be. */
  async function open(endpoint: string): Promise<{ readonly session: Session; readonly finalized: number }> {
    const session = await openSession({ clock, runtimes }, { endpoint, genesis, connectTimeoutMs, requestTimeoutMs });
    try {
      const standing = await standingOf(clock, session.rpc, endpoint);
      book.measured(endpoint, standing);
      const behind = behindOf(endpoint, standing.finalized, finals.last());
      if (behind !== null) throw behind;
      return { session, finalized: standing.finalized };
    } catch (error) {
      requestsBefore += session.requests();
      await session.close();
      throw error;
    }
  }

  /** Looks at the other endpoints in turn; resolves when one of them should be used instead of this one. */
  async function compare(endpoint: string, latest: () => number, signal: AbortSignal): Promise<Failure> {
    for (;;) {
      await clock.sleep(probeIntervalMs * (0.75 + random() / 2), signal);
      const other = book.nextToProbe();
      if (other === null) continue;
      try {
        const probe = await probeEndpoint({ clock }, { endpoint: other, genesis, connectTimeoutMs, requestTimeoutMs }, signal);
        requestsBefore += probe.requests;
        const behind = behindOf(other, probe.finalized, finals.last());
        if (behind !== null) throw behind;
        book.probed(other, probe);
        const lagging = behindOf(endpoint, latest(), { number: probe.finalized });
        if (lagging !== null) return lagging;
      } catch (error) {
        signal.throwIfAborted();
        failed(other, asFailure(error, other), 'a chain endpoint that is not in use failed');
      }
      const to = book.better(clock.nowMs());
      if (to !== null) return chainFailure('chain.moved', { endpoint, to });
    }
  }

  /** `finalized`: what was final there when it was opened; it may never tell of another. */
  async function stay(session: Session, finalized: number, signal: AbortSignal): Promise<Failure> {
    const { endpoint, blockTimeMs } = session.identity;
    const patienceMs = options.headTimeoutMs ?? Math.max(MIN_HEAD_TIMEOUT_MS, HEAD_TIMEOUT_BLOCKS * blockTimeMs);
    let newest = finalized;
    const reason = await attend(
      clock,
      {
        session,
        silenceMs: () => patienceMs * Math.min(stallFactor, MAX_HEAD_TIMEOUT_FACTOR),
        lastFinal: finals.last,
        onHead: (head) => {
          if (options.watchClock !== false) drift.head(session, head, clock.nowMs());
          if (head.number > (heads.last()?.number ?? 0)) stallFactor = 1;
          heads.push(head);
        },
        onFinalized: (head) => {
          newest = head.number;
          book.finalized(endpoint, head.number);
          finals.push(head);
        },
        onRoundTrip: (latencyMs) => book.measured(endpoint, { latencyMs }),
        compare: (over) => compare(endpoint, () => newest, over),
      },
      signal,
    );
    if (reason.code === 'chain.stalled') stallFactor *= 2;
    return reason;
  }

  /** One turn: an endpoint is chosen, opened and stayed with until there is a reason to leave it. */
  async function turn(endpoint: string, signal: AbortSignal, ready: () => void): Promise<void> {
    const { session, finalized } = await open(endpoint);
    if (signal.aborted) return session.close();
    opened += 1;
    genesis ??= session.identity.genesis;
    lastIdentity = session.identity;
    lastRuntime = session.description;
    current = session;
    book.connected(endpoint, clock.nowMs());
    logger?.info({ endpoint, chain: session.identity.chain, spec: session.identity.specVersion }, 'connected to the chain');
    ready();
    settle((waiter) => waiter.resolve(session));
    const reason = await stay(session, finalized, signal);
    current = null;
    requestsBefore += session.requests();
    await session.close();
    if (signal.aborted) return;
    if (BLAMELESS.has(reason.code)) {
      book.left(endpoint);
      logger?.info({ endpoint, code: reason.code, ...reason.facts }, reason.message);
    } else failed(endpoint, reason, 'chain connection is renewed');
    await clock.sleep(reconnectWaitMs * random(), signal);
  }

  async function supervise(signal: AbortSignal, first: { resolve: () => void; reject: (error: unknown) => void }): Promise<void> {
    while (!signal.aborted) {
      const choice = book.next(clock.nowMs());
      if (choice === null || (opened === 0 && options.patient !== true && book.exhausted(START_ROUNDS))) {
        const failure = lastFailure ?? chainFailure('chain.unreachable', { endpoint: '(none)', reason: 'no endpoint is configured' });
        if (choice === null) hopeless = failure;
        settle((waiter) => waiter.reject(failure));
        return first.reject(failure);
      }
      try {
        if (choice.waitMs > 0) await clock.sleep(choice.waitMs, signal);
        else await turn(choice.endpoint, signal, first.resolve);
      } catch (error) {
        if (signal.aborted) break;
        failed(choice.endpoint, asFailure(error, choice.endpoint), 'chain endpoint failed');
      }
    }
    first.reject(chainFailure('chain.stopped'));
  }

  async function session(): Promise<Session> {
    if (lifetime === null || lifetime.signal.aborted) throw chainFailure('chain.stopped');
    if (hopeless !== null) throw hopeless;
    if (current !== null && !current.ended.aborted) return current;
    let waiter: Waiter | null = null;
    const next = new Promise<Session>((resolve, reject) => {
      waiter = { resolve, reject };
      waiting.add(waiter);
    });
    try {
      return await withDeadline(clock, next, requestTimeoutMs, () =>
        chainFailure(
          'chain.unreachable',
          { endpoint: options.endpoints.join(', '), reason: lastFailure?.message ?? 'not connected' },
          lastFailure ?? undefined,
        ),
      );
    } finally {
      if (waiter !== null) waiting.delete(waiter);
    }
  }

  return {
    start: async (signal) => {
      const own = new AbortController();
      // Every transaction under way listens to it.
      setMaxListeners(0, own.signal);
      lifetime = own;
      const abort = () => own.abort();
      signal.addEventListener('abort', abort, { once: true });
      let resolve: () => void = () => undefined;
      let reject: (error: unknown) => void = () => undefined;
      const ready = new Promise<void>((yes, no) => {
        resolve = yes;
        reject = no;
      });
      running = supervise(own.signal, { resolve, reject });
      running.catch(reject);
      if (signal.aborted) own.abort();
      try {
        await ready;
      } catch (error) {
        own.abort();
        await running.catch(() => undefined);
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    stop: async () => {
      lifetime?.abort();
      settle((waiter) => waiter.reject(chainFailure('chain.stopped')));
      await running?.catch(() => undefined);
      running = null;
    },
    status: () => ({
      connected: current !== null && !current.ended.aborted,
      endpoint: current?.identity.endpoint ?? null,
      head: heads.last(),
      finalized: finals.last(),
      reconnects: Math.max(0, opened - 1),
      requests: requestsBefore + (current?.requests() ?? 0),
      lastFailure: lastFailure?.message ?? null,
      endpoints: book.health(clock.nowMs()),
      clock: drift.current(),
      held: { listeners: heads.listeners() + finals.listeners(), waiting: waiting.size },
    }),
    identity: () => {
      if (lastIdentity === null) throw chainFailure('chain.stopped');
      return lastIdentity;
    },
    runtime: () => {
      if (lastRuntime === null) throw chainFailure('chain.stopped');
      return lastRuntime();
    },
    session,
    read: async (work) => {
      const used = await session();
      try {
        return await work(used);
      } catch (error) {
        const lost = isFailure(error) && (error.code === 'chain.disconnected' || used.ended.aborted);
        if (!lost) throw error;
        return await work(await session());
      }
    },
    onFinalized: finals.listen,
    onHead: heads.listen,
    lifetime: () => {
      if (lifetime === null) throw chainFailure('chain.stopped');
      return lifetime.signal;
    },
    renew: async (stale, reason) => {
      if (reason.code === 'chain.bad_signature') runtimes.forget();
      if (current === stale) {
        deps.logger?.info({ code: reason.code, ...reason.facts }, 'chain session is renewed');
        await stale.close(reason);
      }
      return session();
    },
  };
}

function asFailure(error: unknown, endpoint: string): Failure {
  return isFailure(error) ? error : chainFailure('chain.unreachable', { endpoint, reason: String(error) }, error);
}
