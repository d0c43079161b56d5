/** Signatures checked on threads of their own: a flood of them costs the main loop only the packing. */
import { Worker } from 'node:worker_threads';
import { entryPoint } from '../entry.js';
import type { Failure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { Clock, Logger, Verifier } from '../ports.js';
import { CHECKED_TEXT_BYTES_MAX, type SignatureCheck } from '../signatures.js';
import { isWellFormed, packChecks, type VerifyReply, type VerifyRequest } from './packing.js';

export const VERIFY_THREADS_MAX = 8;
/** Calls that may wait; the next one is refused. Gossip never has so many: its own queues hold back. */
export const VERIFY_QUEUE_MAX = 512;
/** Calls that travel together: one message between threads costs as much as packing all of these. */
export const VERIFY_BATCH_MAX = 16;
/** Batches at one thread: the next one lies ready when the one before is done. */
export const VERIFY_BATCHES_WAITING_MAX = 2;
/** A batch takes milliseconds; a thread that is silent this long is replaced. */
export const VERIFY_TIMEOUT_MS = 10_000;
/** A thread that died is started anew no sooner: one that cannot start must not spin. */
export const VERIFY_RESTART_REST_MS = 1_000;

interface Job {
  readonly checks: readonly SignatureCheck[];
  resolve(holds: boolean): void;
  reject(failure: Failure): void;
}

interface Seat {
  worker: Worker | null;
  notBeforeMs: number;
  readonly batches: Map<number, { readonly jobs: readonly Job[]; readonly timer: NodeJS.Timeout }>;
}

export interface VerifyPool extends Verifier {
  /** Starts the threads, so that the first message does not wait for them. */
  warm(): void;
  /** Idempotent. Whatever waits is rejected with `p2p.verifier_closed`. */
  close(): Promise<void>;
}

export interface VerifyPoolOptions {
  readonly threads: number;
  readonly timeoutMs?: number;
  /** Root-relative, without extension; another one in tests. */
  readonly entry?: string;
}

export function createVerifyPool(
  deps: { readonly clock: Pick<Clock, 'nowMs'>; readonly logger: Logger },
  options: VerifyPoolOptions,
): VerifyPool {
  const { clock, logger } = deps;
  const threads = Math.max(1, Math.min(VERIFY_THREADS_MAX, Math.floor(options.threads)));
  const timeoutMs = options.timeoutMs ?? VERIFY_TIMEOUT_MS;
  const seats: Seat[] = Array.from({ length: threads }, () => ({ worker: null, notBeforeMs: 0, batches: new Map() }));
  const queue: Job[] = [];
  let scheduled = false;
  let closing: Promise<void> | null = null;
  let lastId = 0;

  /** Calls of one turn of the loop go out together. */
  function schedule(): void {
    if (scheduled || closing) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      dispatch();
    });
  }

  function dispatch(): void {
    while (queue.length > 0) {
      const seat = idlest();
      if (seat === null) return;
      send(seat, queue.splice(0, VERIFY_BATCH_MAX));
    }
  }

  /** Null: all are busy. With every thread resting after its death, what waits is refused rather than kept waiting. */
  function idlest(): Seat | null {
    const usable = seats.filter(({ worker, notBeforeMs }) => worker !== null || clock.nowMs() >= notBeforeMs);
    if (usable.length === 0) {
      for (const job of queue.splice(0)) job.reject(protocolFailures('p2p.verifier_failed', { problem: 'no thread runs' }));
      return null;
    }
    const free = usable.filter(({ batches }) => batches.size < VERIFY_BATCHES_WAITING_MAX);
    return free.reduce<Seat | null>((best, seat) => (best === null || seat.batches.size < best.batches.size ? seat : best), null);
  }

  function send(seat: Seat, jobs: readonly Job[]): void {
    seat.worker ??= start(seat);
    lastId += 1;
    const id = lastId;
    const timer = setTimeout(() => replace(seat, `no answer within ${timeoutMs} ms`), timeoutMs).unref();
    seat.batches.set(id, { jobs, timer });
    const packed = packChecks(jobs.flatMap(({ checks }) => checks));
    const request: VerifyRequest = { id, packed };
    // Safety: packChecks makes a buffer of its own.
    seat.worker.postMessage(request, [packed.buffer as ArrayBuffer]);
  }

  function start(seat: Seat): Worker {
    const worker = new Worker(entryPoint(options.entry ?? 'protocol/threads/verify-worker'), { env: {}, execArgv: [] });
    worker.on('message', (reply: VerifyReply) => {
      if (seat.worker === worker) settle(seat, reply);
    });
    worker.on('error', (error) => {
      if (seat.worker === worker) replace(seat, error instanceof Error ? error.message : String(error));
    });
    worker.on('exit', (code) => {
      if (seat.worker === worker) replace(seat, `exit code ${code}`);
    });
    return worker;
  }

  function settle(seat: Seat, reply: VerifyReply): void {
    const batch = seat.batches.get(reply.id);
    if (batch === undefined) return;
    clearTimeout(batch.timer);
    seat.batches.delete(reply.id);
    let at = 0;
    for (const { checks, resolve } of batch.jobs) {
      resolve(reply.holds.subarray(at, at + checks.length).every((each) => each === 1));
      at += checks.length;
    }
    dispatch();
  }

  /** What the thread had in hand is lost: the callers are told, and the next call gets a fresh thread. */
  function replace(seat: Seat, problem: string): void {
    const { worker } = seat;
    seat.worker = null;
    seat.notBeforeMs = clock.nowMs() + VERIFY_RESTART_REST_MS;
    logger.warn({ problem, lost: seat.batches.size }, 'a thread that checks signatures died and is replaced');
    drop(seat, protocolFailures('p2p.verifier_failed', { problem }));
    void worker?.terminate();
    schedule();
  }

  function drop(seat: Seat, failure: Failure): void {
    for (const { jobs, timer } of seat.batches.values()) {
      clearTimeout(timer);
      for (const job of jobs) job.reject(failure);
    }
    seat.batches.clear();
  }

  async function shut(): Promise<void> {
    const closed = protocolFailures('p2p.verifier_closed');
    for (const job of queue.splice(0)) job.reject(closed);
    await Promise.all(
      seats.map(async (seat) => {
        const { worker } = seat;
        seat.worker = null;
        drop(seat, closed);
        await worker?.terminate();
      }),
    );
  }

  return {
    verify(checks) {
      if (closing) return Promise.reject(protocolFailures('p2p.verifier_closed'));
      if (!checks.every((check) => isWellFormed(check, CHECKED_TEXT_BYTES_MAX))) return Promise.resolve(false);
      if (queue.length >= VERIFY_QUEUE_MAX) return Promise.reject(protocolFailures('p2p.verifier_overloaded', { waiting: queue.length }));
      return new Promise((resolve, reject) => {
        queue.push({ checks, resolve, reject });
        schedule();
      });
    },
    warm() {
      for (const seat of seats) seat.worker ??= start(seat);
    },
    close() {
      closing ??= shut();
      return closing;
    },
  };
}
