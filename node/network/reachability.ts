import type { Clock, Discovery, Reached } from '../../protocol/ports.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';

/** Peers asked by themselves, and by `voxd probe`. */
export const PEERS_ASKED = { byItself: 2, onRequest: 4 } as const;
const CHECK_EVERY_MS = 30 * 60_000;
/** While nobody reaches us. */
const CHECK_AGAIN_MS = 5 * 60_000;

export interface Reachability {
  readonly atMs: number;
  /** Of each peer asked about each of our addresses; empty: nobody could be asked. */
  readonly answers: readonly Reached[];
}

export interface ReachabilityKeeper {
  /** Asks when it is time. */
  turn(): Promise<void>;
  /** Asks now. */
  check(): Promise<Reachability>;
  /** Null: nobody has been asked. */
  view(): Reachability | null;
}

/** Lets peers find out whether our addresses lead to us. */
export function createReachability(
  deps: { readonly discovery: Pick<Discovery, 'reachedBy'>; readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics },
  options: { readonly announced: boolean },
): ReachabilityKeeper {
  let last: Reachability | null = null;

  async function ask(peersMax: number): Promise<Reachability> {
    const answers = await deps.discovery.reachedBy(peersMax);
    for (const { outcome } of answers) deps.metrics.count('voxd_p2p_probes_total', { outcome });
    const found = { atMs: deps.clock.nowMs(), answers };
    if (answers.length > 0) last = found;
    if (isUnreachable(found)) deps.log.warn({ answers: answers.map(inWords) }, 'peers could not reach the announced address');
    return found;
  }

  return {
    view: () => last,
    check: () => ask(PEERS_ASKED.onRequest),
    async turn() {
      if (!options.announced) return;
      const restMs = last !== null && isReachable(last) ? CHECK_EVERY_MS : CHECK_AGAIN_MS;
      if (last !== null && deps.clock.nowMs() - last.atMs < restMs) return;
      await ask(PEERS_ASKED.byItself);
    },
  };
}

export function isReachable({ answers }: Reachability): boolean {
  return answers.some(({ outcome }) => outcome === 'reached');
}

/** Somebody tried, and nobody came through. */
export function isUnreachable(found: Reachability): boolean {
  return !isReachable(found) && found.answers.some(({ outcome }) => outcome === 'failed');
}

/** What one answer means, and what to do. */
export function inWords({ outcome, reason }: Pick<Reached, 'outcome' | 'reason'>): string {
  if (outcome === 'reached') return 'reached';
  if (outcome === 'no_answer') return 'gave no answer';
  if (outcome === 'refused') return `did not try: ${REFUSALS[reason ?? ''] ?? reason}`;
  return `failed at ${reason}: ${PHASES[reason ?? ''] ?? 'unknown'}`;
}

const REFUSALS: Readonly<Record<string, string>> = {
  not_yours: 'the address is neither where it sees us nor our axon on chain',
  busy: 'it has dialled often enough; ask again in a minute',
  not_served: 'our hotkey is not registered in its eyes',
  malformed: 'it does not understand the address',
};

const PHASES: Readonly<Record<string, string>> = {
  dns: 'the name leads nowhere',
  tcp: 'the port does not accept: open it in the firewall, or forward it to this machine',
  noise: 'something else answers there, or a node with another key',
  mux: 'the node there speaks another multiplexer',
  hello: 'the node there belongs to another network or is too busy',
  binding: 'the node there could not prove our hotkey',
};
