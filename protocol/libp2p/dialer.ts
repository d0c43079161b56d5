/** Keeps the node connected: dials neurons of the directory, and bootstrap addresses while it knows too few; with backoff, for ever. */
import { isIPv4, isIPv6 } from 'node:net';
import { fromHex } from '../digest.js';
import type { Hotkey } from '../names.js';
import { peerIdFromKey } from '../peer-id.js';
import type { Clock, DirectoryEntry, Logger } from '../ports.js';

/** Connected members that are enough; of more the directory is not dialled, though they may dial us. */
export const MEMBERS_WANTED = 24;
/** With fewer members than this the bootstrap addresses are dialled too. */
export const MEMBERS_FEW = 4;
export const DIALS_PER_TURN_MAX = 8;
export const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_LAST_MS = 600_000;
const TURN_MS = 2_000;

export interface DialerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dial: (address: string, signal: AbortSignal) => Promise<void>;
  readonly directory: () => readonly DirectoryEntry[];
  readonly isConnected: (hotkey: Hotkey) => boolean;
  readonly memberCount: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface DialerOptions {
  readonly ownHotkey: Hotkey;
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
}

export interface Dialer {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the directory now instead of at the next turn. */
  wake(): void;
}

interface Attempt {
  readonly failures: number;
  readonly notBeforeMs: number;
}

export function createDialer(deps: DialerDeps, options: DialerOptions): Dialer {
  const { clock, logger } = deps;
  const attempts = new Map<string, Attempt>();
  let wakeUp: () => void = () => {};

  function targets(): readonly string[] {
    const nowMs = clock.nowMs();
    const wanted = Math.min(MEMBERS_WANTED, options.maxConnections);
    const missing = wanted - deps.memberCount();
    if (missing <= 0) return [];
    const open = deps.directory().filter((entry) => entry.hotkey !== options.ownHotkey && !deps.isConnected(entry.hotkey));
    const addresses = open.map(addressOf).filter((address): address is string => address !== null);
    const spare = deps.memberCount() < MEMBERS_FEW ? options.bootstrap : [];
    const known = new Set([...addresses, ...spare]);
    for (const address of attempts.keys()) if (!known.has(address)) attempts.delete(address);
    const due = [...known].filter((address) => (attempts.get(address)?.notBeforeMs ?? 0) <= nowMs);
    return shuffle(due, deps.random).slice(0, Math.min(DIALS_PER_TURN_MAX, missing));
  }

  async function attempt(address: string, signal: AbortSignal): Promise<void> {
    const failures = attempts.get(address)?.failures ?? 0;
    try {
      await deps.dial(address, signal);
      // An address that is connected and still a target (greeting under way, or a second node of one hotkey) is not hammered.
      attempts.set(address, { failures: 0, notBeforeMs: clock.nowMs() + jitter(BACKOFF_FIRST_MS * 5, deps.random) });
    } catch (error) {
      if (signal.aborted) return;
      const waitMs = jitter(Math.min(BACKOFF_FIRST_MS * 2 ** failures, BACKOFF_LAST_MS), deps.random);
      attempts.set(address, { failures: Math.min(failures + 1, 20), notBeforeMs: clock.nowMs() + waitMs });
      logger.debug({ err: error, address, waitMs: Math.round(waitMs) }, 'a dial failed');
    }
  }

  return {
    wake: () => wakeUp(),
    async run(signal) {
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wakeUp = resolve;
        });
        await Promise.all(targets().map((address) => attempt(address, signal)));
        await rest(clock, woken, signal);
      }
    },
  };
}

async function rest(clock: Clock, woken: Promise<void>, signal: AbortSignal): Promise<void> {
  const early = new AbortController();
  const either = AbortSignal.any([signal, early.signal]);
  await Promise.race([woken, clock.sleep(TURN_MS, either).catch(() => undefined)]);
  early.abort();
}

/** Shape: what the chain says → multiaddr, with /p2p/ where the key is known; null for what cannot be one. */
export function addressOf(entry: DirectoryEntry): string | null {
  const family = isIPv4(entry.ip) ? 'ip4' : isIPv6(entry.ip) ? 'ip6' : null;
  if (family === null || entry.port < 1 || entry.port > 65_535) return null;
  const host = `/${family}/${entry.ip}/tcp/${entry.port}`;
  return entry.peerKey === null ? host : `${host}/p2p/${peerIdFromKey(fromHex(entry.peerKey))}`;
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
