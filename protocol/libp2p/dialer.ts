/** Keeps the node connected: dials whom it knows of, one address of each at a time; with backoff, for ever. */
import { OUTBOUND_WANTED, pickDials } from '../dial-picks.js';
import { createLostPeers, LOST_DIALS_AT_ONCE_MAX, LOST_MEMBERS_MAX, LOST_WAIT_MS_MAX } from '../lost-peers.js';
import type { Hotkey } from '../names.js';
import type { Clock, Logger } from '../ports.js';
import type { Candidate } from './candidates.js';

/** Connected members that are enough; more are not dialled, though they may dial us. */
export const MEMBERS_WANTED = 24;
/** With fewer members than this the bootstrap addresses and the peers of earlier runs are dialled too. */
export const MEMBERS_FEW = 4;
export const DIALS_AT_ONCE_MAX = 8;
/** Addresses whose last dial is remembered. */
export const ATTEMPTS_KEPT_MAX = 4_096;
export const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_LAST_MS = 600_000;
/** No address waits longer while nobody is connected: then the trouble was ours, and may be over. */
export const BACKOFF_ALONE_MS = 30_000;
/** Nor does one of a permit holder: they are few, and nothing goes on without them. */
export const BACKOFF_PERMITTED_MS = 120_000;
const TURN_MS = 2_000;

export interface DialerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dial: (address: string, signal: AbortSignal) => Promise<void>;
  /** `few`: also those that are only for need. */
  readonly candidates: (few: boolean) => readonly Candidate[];
  readonly isConnected: (hotkey: Hotkey) => boolean;
  readonly memberCount: () => number;
  /** Of these, those that we dialled. */
  readonly outboundCount: () => number;
  readonly standingOf: (hotkey: Hotkey) => { readonly permitted: boolean; readonly stakeRao: bigint };
  /** 0 to 1. */
  readonly random: () => number;
}

export interface DialerOptions {
  readonly ownHotkey: Hotkey;
  readonly maxConnections: number;
}

export interface Dialer {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the directory now instead of at the next turn. */
  wake(): void;
  /** Does not dial this hotkey for so long, and does not seek it when it is gone. */
  rest(hotkey: Hotkey, ms: number): void;
  /** A member is connected: those who were lost together with it are dialled now. */
  found(hotkey: Hotkey): void;
  /** The last connection of a member closed. */
  parted(hotkey: Hotkey): void;
}

interface Attempt {
  readonly failures: number;
  readonly endedAtMs: number;
  readonly notBeforeMs: number;
}

export function createDialer(deps: DialerDeps, options: DialerOptions): Dialer {
  const { clock, logger } = deps;
  const attempts = new Map<string, Attempt>();
  const resting = new Map<Hotkey, number>();
  const underWay = new Set<string>();
  const lost = createLostPeers();
  let wakeUp: () => void = () => {};

  function targets(): readonly string[] {
    const nowMs = clock.nowMs();
    const wanted = Math.min(MEMBERS_WANTED, options.maxConnections);
    const members = deps.memberCount();
    // However many dialled us: some of our connections are always of our own choice.
    const missing = Math.max(wanted - members, Math.min(OUTBOUND_WANTED, options.maxConnections) - deps.outboundCount());
    const free = Math.min(DIALS_AT_ONCE_MAX, missing) - underWay.size;
    const seeks = members < Math.min(LOST_MEMBERS_MAX, options.maxConnections) && underWay.size < DIALS_AT_ONCE_MAX;
    if (free <= 0 && !seeks) return [];
    for (const [hotkey, untilMs] of resting) if (untilMs <= nowMs) resting.delete(hotkey);
    const all = deps.candidates(members < MEMBERS_FEW);
    const open = all.filter(
      ({ hotkey }) => hotkey === null || (hotkey !== options.ownHotkey && !resting.has(hotkey) && !deps.isConnected(hotkey)),
    );
    const known = new Set(open.flatMap(({ addresses }) => addresses));
    for (const [address, { notBeforeMs }] of attempts) if (!known.has(address) && notBeforeMs <= nowMs) attempts.delete(address);
    const isUnderWay = ({ addresses }: Candidate) => addresses.some((address) => underWay.has(address));
    const idle = open.filter((candidate) => !isUnderWay(candidate));
    const due = idle.flatMap(({ hotkey, addresses }) => {
      const address = bestDue(hotkey, addresses, nowMs);
      return address === null ? [] : [{ hotkey, address }];
    });
    const sought = due.flatMap(({ hotkey, address }) => (isLost(hotkey) ? [address] : []));
    const soughtAlready = open.filter((candidate) => isLost(candidate.hotkey) && isUnderWay(candidate)).length;
    const inTurn = sought
      .toSorted((a, b) => (attempts.get(a)?.endedAtMs ?? 0) - (attempts.get(b)?.endedAtMs ?? 0))
      .slice(0, seeks ? Math.max(0, LOST_DIALS_AT_ONCE_MAX - soughtAlready) : 0);
    if (free <= inTurn.length) return inTurn;
    const named = due.flatMap(({ hotkey, address }) => (hotkey === null ? [] : [{ hotkey, address, ...deps.standingOf(hotkey) }]));
    const connected = all.flatMap(({ hotkey }) =>
      hotkey !== null && deps.isConnected(hotkey) ? [{ hotkey, ...deps.standingOf(hotkey) }] : [],
    );
    const tickets = new Map(named.map(({ hotkey }) => [hotkey, deps.random()]));
    const picks = pickDials([...named, ...connected], {
      connected: new Set(connected.map(({ hotkey }) => hotkey)),
      ticket: (hotkey) => tickets.get(hotkey) ?? 1,
      count: free,
    });
    const picked = picks.flatMap((pick) => named.find(({ hotkey }) => hotkey === pick)?.address ?? []);
    // Addresses without a name come up only in need, and then they get a part whatever the directory is worth.
    const unnamed = due.flatMap(({ hotkey, address }) => (hotkey === null ? [address] : []));
    const spare = shuffle(unnamed, deps.random).slice(0, Math.ceil(free / 4));
    return [...new Set([...inTurn, ...spare, ...picked, ...unnamed])].slice(0, free);
  }

  const isLost = (hotkey: Hotkey | null) => hotkey !== null && lost.has(hotkey);

  /** Of one node a single address at a time: the one that failed least, the first of those. */
  function bestDue(hotkey: Hotkey | null, addresses: readonly string[], nowMs: number): string | null {
    const failures = (address: string) => attempts.get(address)?.failures ?? 0;
    const waitMsMax = Math.min(
      deps.memberCount() === 0 ? BACKOFF_ALONE_MS : Number.POSITIVE_INFINITY,
      isLost(hotkey) ? LOST_WAIT_MS_MAX : Number.POSITIVE_INFINITY,
      hotkey !== null && deps.standingOf(hotkey).permitted ? BACKOFF_PERMITTED_MS : Number.POSITIVE_INFINITY,
    );
    const [best] = addresses
      .filter((address) => isDue(attempts.get(address), nowMs, waitMsMax))
      .toSorted((a, b) => failures(a) - failures(b));
    return best ?? null;
  }

  async function attempt(address: string, signal: AbortSignal): Promise<void> {
    const failures = attempts.get(address)?.failures ?? 0;
    underWay.add(address);
    try {
      await deps.dial(address, signal);
      // An address that is connected and still a target (greeting under way, or a second node of one hotkey) is not hammered.
      remember(address, 0, jitter(BACKOFF_FIRST_MS * 5, deps.random));
    } catch (error) {
      if (signal.aborted) return;
      const waitMs = jitter(Math.min(BACKOFF_FIRST_MS * 2 ** failures, BACKOFF_LAST_MS), deps.random);
      remember(address, Math.min(failures + 1, 20), waitMs);
      logger.debug({ err: error, address, waitMs: Math.round(waitMs) }, 'a dial failed');
    } finally {
      underWay.delete(address);
    }
  }

  function remember(address: string, failures: number, waitMs: number): void {
    const nowMs = clock.nowMs();
    attempts.delete(address);
    attempts.set(address, { failures, endedAtMs: nowMs, notBeforeMs: nowMs + waitMs });
    const [oldest] = attempts.keys();
    if (attempts.size > ATTEMPTS_KEPT_MAX && oldest !== undefined) attempts.delete(oldest);
  }

  return {
    wake: () => wakeUp(),
    rest: (hotkey, ms) => {
      lost.forget(hotkey);
      resting.set(hotkey, clock.nowMs() + ms);
    },
    found(hotkey) {
      const group = new Set(lost.found(hotkey, clock.nowMs()));
      if (group.size === 0) return;
      logger.debug({ hotkey, others: group.size }, 'a member that was lost is back; those lost with it are dialled anew');
      for (const candidate of deps.candidates(false))
        if (candidate.hotkey !== null && group.has(candidate.hotkey)) for (const address of candidate.addresses) attempts.delete(address);
      wakeUp();
    },
    parted: (hotkey) => lost.parted(hotkey, clock.nowMs()),
    async run(signal) {
      const running = new Set<Promise<void>>();
      const start = (dialling: Promise<void>) => {
        const done: Promise<void> = dialling.finally(() => {
          running.delete(done);
          wakeUp();
        });
        running.add(done);
      };
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wakeUp = resolve;
        });
        // One that does not answer delays nobody but itself: its place is free again when its dial has ended.
        for (const address of targets()) start(attempt(address, signal));
        await rest(clock, woken, signal);
      }
      await Promise.all(running);
    },
  };
}

function isDue(last: Attempt | undefined, nowMs: number, waitMsMax: number): boolean {
  return last === undefined || Math.min(last.notBeforeMs, last.endedAtMs + waitMsMax) <= nowMs;
}

async function rest(clock: Clock, woken: Promise<void>, signal: AbortSignal): Promise<void> {
  const early = new AbortController();
  const either = AbortSignal.any([signal, early.signal]);
  await Promise.race([woken, clock.sleep(TURN_MS, either).catch(() => undefined)]);
  early.abort();
}

function jitter(ms: number, random: () => number): number {
  return ms * (0.5 + random());
}

function shuffle(list: readonly string[], random: () => number): readonly string[] {
  return list
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}
