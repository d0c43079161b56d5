import { createHash } from 'node:crypto';
import { replayRound } from '../../node/rounds/replay.js';
import { decodeAnnouncement } from '../../protocol/announcement.js';
import { toHex } from '../../protocol/digest.js';
import { openEnvelope } from '../../protocol/envelope.js';
import { SEEN_BODIES_MAX } from '../../protocol/seen.js';
import { SCORER } from '../support/small-subnet.js';
import { observeTransfers, type TransferFigures } from './transfer-observer.js';
import { type Inhabitant, SCHEDULE, type World } from './world.js';

/** An announcement of an honest miner is with at least so many of the honest… */
export const REACHED_PERCENT_MIN = 99;
/** …that were there all the while, after this time. */
export const REACHED_WITHIN_MS = 10_000;

/** A mesh that a partition has torn is whole again after some heartbeats; a message is everywhere within as long. */
const MENDED_WITHIN_MS = 3_000;

export interface Observations {
  readonly rounds: number;
  readonly blocks: number;
  /** Honest announcements, and how many of the honest nodes that could hear one had it in time. */
  readonly announcements: { readonly sent: number; readonly expected: number; readonly reached: number; readonly worstPercent: number };
  /** Rounds that honest validators weighed (counted per validator), and those in which all that weighed made the same weights. */
  readonly weighed: {
    readonly decisions: number;
    readonly rounds: number;
    readonly unanimous: number;
    /** Rounds in which every honest validator that weighed put the same model first. */
    readonly sameBest: number;
    /** Largest part of the weights that two honest validators gave to different hotkeys in one round, percent, on average over rounds. */
    readonly apartPercent: number;
  };
  readonly submissions: number;
  readonly transfers: TransferFigures;
  readonly network: ReturnType<World['network']['figures']>;
  readonly troubles: Readonly<Record<string, number>>;
  /** What did not hold, in words; empty: everything held. */
  readonly violations: readonly string[];
}

export interface Observer {
  troubled(what: string): void;
  roundOver(): Promise<void>;
  close(): Promise<Observations>;
  trace(): string;
}

/** Watches a world from outside: who heard what in time, what equal rows led to, who set weights when, how much is kept. */
export function createObserver(world: World): Observer {
  const { timeline, network, inhabitants, chain } = world;
  const violations: string[] = [];
  const trace = createHash('sha256');
  const troubles = new Map<string, number>();
  const announcements = { sent: 0, expected: 0, reached: 0, worstPercent: 100 };
  const weighed = { decisions: 0, rounds: 0, unanimous: 0, sameBest: 0, apartPercent: 0 };
  let apartSum = 0;
  const lastSubmission = new Map<string, number>();
  let submissions = 0;
  let rounds = 0;
  const startedAt = chain.head().number;

  const note = (...facts: readonly (string | number | bigint)[]) => trace.update(`${timeline.clock.nowMs()} ${facts.join(' ')}\n`);

  const transfers = observeTransfers(world, { note, violated: (what) => void violations.push(what) });

  world.onPublished((by, kind, envelope) => {
    const opened = openEnvelope(envelope);
    if (!opened.ok) return;
    note('published', by.name, kind, opened.value.body.sequence);
    if (!by.honest || kind !== 'announce') return;
    const payload = decodeAnnouncement(opened.value.body.payload);
    if (!payload.ok) return;
    const sentAtMs = timeline.clock.nowMs();
    const audience = new Set(inhabitants.filter((one) => one !== by && isListening(one) && network.reaches(by.name, one.name)));
    timeline.after(REACHED_WITHIN_MS, () => judge(by, payload.value.model, opened.value.body.sequence, sentAtMs, audience));
  });

  world.onSubmitted(({ name, block }) => {
    note('weights', name, block);
    submissions += 1;
    const before = lastSubmission.get(name);
    lastSubmission.set(name, block);
    const epoch = epochOf(block);
    if (before !== undefined && epochOf(before) === epoch)
      violations.push(`${name} set weights twice in epoch ${epoch}: ${before}, ${block}`);
  });

  /** The fake chain counts its epochs from its first block on. */
  const epochOf = (block: number) => chain.accepted.findLast((one) => one.block === block && one.operation === 'setWeights')?.epoch ?? -1;

  const isListening = (one: Inhabitant) => one.honest && one.running !== null && timeline.clock.nowMs() >= one.stalledUntilMs;

  async function judge(
    by: Inhabitant,
    model: string,
    sequence: bigint,
    sentAtMs: number,
    audience: ReadonlySet<Inhabitant>,
  ): Promise<void> {
    // Whoever was away meanwhile, or on the other side, hears the next one.
    if (by.running === null || by.upSinceMs > sentAtMs || !inhabitants.includes(by)) return;
    if (network.sidesChanged(sentAtMs - MENDED_WITHIN_MS, sentAtMs + MENDED_WITHIN_MS)) return;
    const there = [...audience].filter(
      (one) =>
        one.running !== null && one.upSinceMs < sentAtMs && inhabitants.includes(one) && !network.wereParted(by.name, one.name, sentAtMs),
    );
    if (there.length === 0 || there.length < audience.size / 2) return;
    const missing: string[] = [];
    for (const one of there) {
      const kept = await one.stores.announcements.active(timeline.clock.nowMs());
      if (!kept.some((row) => row.hotkey === by.signer.hotkey && row.model === model && row.sequence >= sequence)) missing.push(one.name);
    }
    const percent = (100 * (there.length - missing.length)) / there.length;
    announcements.sent += 1;
    announcements.expected += there.length;
    announcements.reached += there.length - missing.length;
    announcements.worstPercent = Math.min(announcements.worstPercent, percent);
    note('reached', by.name, sequence, there.length - missing.length, there.length);
    if (percent < REACHED_PERCENT_MIN)
      violations.push(`announcement ${sequence} of ${by.name} reached ${percent.toFixed(1)} %, not ${missing.join(', ')}`);
  }

  async function roundOver(): Promise<void> {
    rounds += 1;
    const round = Math.floor(chain.head().number / SCHEDULE.cadenceBlocks) - 1;
    const outcomes = new Map<string, { outcome: string; name: string }>();
    const vectors: ReadonlyMap<string, number>[] = [];
    for (const one of inhabitants) {
      if (one.validator === null || !one.honest) continue;
      const row = await one.stores.rounds.get(round);
      if (row?.weighing == null) continue;
      const standings = await one.stores.standings.ofRound(round);
      const inputs = sha256(JSON.stringify([row.seed, row.entries, row.weighing, await one.stores.standings.before(round)], bigints));
      const outcome = sha256(JSON.stringify(standings, bigints));
      vectors.push(new Map(standings.map(({ hotkey, sharePpm }) => [hotkey, sharePpm])));
      weighed.decisions += 1;
      const known = outcomes.get(inputs);
      if (known !== undefined && known.outcome !== outcome)
        violations.push(`round ${round}: ${one.name} and ${known.name} made different weights of the same rows`);
      outcomes.set(inputs, { outcome, name: one.name });
      note('weighed', one.name, round, outcome);
      const identity = { self: one.signer.hotkey, scorer: SCORER, genesis: chain.genesis, netuid: chain.netuid, mechanism: 0 };
      const replay = await replayRound(one.stores, row, identity);
      if (replay !== null && !replay.equal) violations.push(`round ${round} of ${one.name} does not replay: ${replay.differences[0]}`);
    }
    if (vectors.length > 0) {
      const apart = Math.max(0, ...vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => apartPpm(a, b))));
      weighed.rounds += 1;
      if (apart === 0) weighed.unanimous += 1;
      if (new Set(vectors.map(bestOf)).size === 1) weighed.sameBest += 1;
      apartSum += apart / 10_000;
      weighed.apartPercent = apartSum / weighed.rounds;
    }
    bounds(round);
  }

  function bounds(round: number): void {
    const { seenMax, keptMax } = network.figures();
    if (seenMax > SEEN_BODIES_MAX) violations.push(`round ${round}: a node remembers ${seenMax} messages`);
    if (keptMax > 4_096) violations.push(`round ${round}: a node keeps ${keptMax} messages`);
    if (timeline.pending > 200 * inhabitants.length + 50_000) violations.push(`round ${round}: ${timeline.pending} events are planned`);
  }

  return {
    troubled(what) {
      troubles.set(what, (troubles.get(what) ?? 0) + 1);
    },
    roundOver,
    trace: () => toHex(trace.copy().digest()),
    async close() {
      if (world.troubles.length > 0) violations.push(...world.troubles.slice(0, 5).map((what) => `a duty failed: ${what}`));
      return {
        rounds,
        blocks: chain.head().number - startedAt,
        announcements,
        weighed,
        submissions,
        transfers: transfers.figures(),
        network: network.figures(),
        troubles: Object.fromEntries(troubles),
        violations,
      };
    },
  };
}

/** Half of what the two give differently. */
function apartPpm(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const hotkeys = new Set([...a.keys(), ...b.keys()]);
  return [...hotkeys].reduce((sum, hotkey) => sum + Math.abs((a.get(hotkey) ?? 0) - (b.get(hotkey) ?? 0)), 0) / 2;
}

function bestOf(shares: ReadonlyMap<string, number>): string {
  return [...shares].reduce((best, one) => (one[1] > best[1] ? one : best), ['', -1] as [string, number])[0];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
