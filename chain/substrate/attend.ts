import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { BlockRef } from '../snapshot.js';
import type { Session } from './session-shape.js';

export const HEAD_TIMEOUT_BLOCKS = 5;
export const MIN_HEAD_TIMEOUT_MS = 15_000;
/** A chain that is really standing still must not be reconnected to every minute. */
export const MAX_HEAD_TIMEOUT_FACTOR = 16;
/** An endpoint that far below what was final already is of no use: it syncs, or serves another past. */
export const MAX_BEHIND_BLOCKS = 20;
/** Between two small requests that keep the connection open where nothing else is asked, and say how fast it is. */
export const KEEP_ALIVE_MS = 10_000;

export interface Attendance {
  readonly session: Session;
  /** How long a session may show no new head. */
  readonly silenceMs: () => number;
  /** Newest final block of all endpoints so far. */
  readonly lastFinal: () => BlockRef | null;
  readonly onHead: (head: BlockRef) => void;
  readonly onFinalized: (head: BlockRef) => void;
  readonly onRoundTrip: (latencyMs: number) => void;
  /** Looks after the other endpoints until `signal` is aborted; resolves with the reason to leave this one. */
  readonly compare: (signal: AbortSignal) => Promise<Failure>;
}

/** Follows the heads of a session until there is a reason to leave it; resolves with that. Leaves no timer, listener or probe behind. */
export async function attend(clock: Clock, attendance: Attendance, signal: AbortSignal): Promise<Failure> {
  const { session, silenceMs, lastFinal } = attendance;
  const { endpoint } = session.identity;
  const done = new AbortController();
  let lastHeadAtMs = clock.nowMs();
  let leave: (reason: Failure) => void = () => undefined;
  const left = new Promise<Failure>((resolve) => {
    leave = resolve;
  });
  const ended = aborted(session.ended, done.signal, () =>
    isFailure(session.ended.reason) ? session.ended.reason : chainFailure('chain.disconnected', { endpoint }),
  );
  const stopped = aborted(signal, done.signal, () => chainFailure('chain.stopped'));
  const stalled = (async () => {
    for (;;) {
      const leftMs = lastHeadAtMs + silenceMs() - clock.nowMs();
      if (leftMs <= 0) return chainFailure('chain.stalled', { endpoint, silentMs: clock.nowMs() - lastHeadAtMs });
      await clock.sleep(leftMs, done.signal);
    }
  })();
  stalled.catch(() => undefined);
  keepAlive(clock, session, attendance.onRoundTrip, done.signal).catch(() => undefined);
  const compared = attendance.compare(done.signal);
  compared.catch(() => undefined);
  try {
    const head = (newest: BlockRef) => {
      lastHeadAtMs = clock.nowMs();
      attendance.onHead(newest);
    };
    const finalized = (newest: BlockRef) => {
      const failure = behindOf(endpoint, newest.number, lastFinal());
      if (failure !== null) leave(failure);
      else attendance.onFinalized(newest);
    };
    // Also what was installed while the metadata was read.
    const runtime = (specVersion: number) => {
      if (specVersion !== session.identity.specVersion) leave(chainFailure('chain.runtime_upgraded', { endpoint, specVersion }));
    };
    const refused = session.follow({ head, finalized, runtime }).then(() => new Promise<never>(() => undefined));
    return await Promise.race([ended, stopped, stalled, left, compared, refused]);
  } catch (error) {
    return isFailure(error) ? error : chainFailure('chain.disconnected', { endpoint }, error);
  } finally {
    done.abort();
    await compared.catch(() => undefined);
  }
}

/** Without end; an answer is not waited for. A request that fails says nothing here: three without an answer end the session. */
async function keepAlive(clock: Clock, session: Session, onRoundTrip: (latencyMs: number) => void, done: AbortSignal): Promise<never> {
  for (;;) {
    await clock.sleep(KEEP_ALIVE_MS, done);
    const fromMs = clock.nowMs();
    session.request('system_health').then(
      () => onRoundTrip(clock.nowMs() - fromMs),
      () => undefined,
    );
  }
}

/** chain.behind where that endpoint is too far below what was seen to be final. */
export function behindOf(endpoint: string, finalized: number, seen: Pick<BlockRef, 'number'> | null): Failure | null {
  const blocks = (seen?.number ?? 0) - finalized;
  return blocks > MAX_BEHIND_BLOCKS ? chainFailure('chain.behind', { endpoint, finalized, blocks, seen: seen?.number ?? 0 }) : null;
}

function aborted(signal: AbortSignal, done: AbortSignal, reason: () => Failure): Promise<Failure> {
  return new Promise((resolve) => {
    const end = () => resolve(reason());
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true, signal: done });
  });
}
