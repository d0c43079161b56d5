/** Rounds as the validators weighed them, from their own histories. */
import { setTimeout as delay } from 'node:timers/promises';
import { scorerOf } from '../../node/compose-judges.js';
import { composeRunner } from '../../node/compose-scoring.js';
import { replayRound } from '../../node/rounds/replay.js';
import { isFailure } from '../../protocol/failure.js';
import type { Node } from './cast.js';
import { MECHANISM, NETUID, type World } from './world.js';

export interface Verdict {
  readonly validator: string;
  /** By name of who gets it, only what is above 0, largest first; null: not weighed. */
  readonly weights: Readonly<Record<string, number>> | null;
  /** Why not. */
  readonly note: string | null;
  /** The same again from the rows, bit for bit. */
  readonly replayed: boolean;
}

export interface RoundSeen {
  readonly round: number;
  readonly verdicts: readonly Verdict[];
  readonly weighedByAll: boolean;
  /** All that weighed it say the same, value for value. */
  readonly equal: boolean;
}

const LOOK_MS = 1_000;
const ROUNDS_LOOKED_AT = 64;
const SCORER = scorerOf(composeRunner('native').engineId);

export interface Rounds {
  current(): Promise<number>;
  /** The first round that opens after this moment. */
  next(): Promise<number>;
  /** Waits until each validator has weighed it or gone on without it. */
  seen(round: number): Promise<RoundSeen>;
}

export function createRounds(world: World, validators: readonly Node[], cadenceBlocks: number, signal: AbortSignal): Rounds {
  const nameOf = (hotkey: string) => world.cast.nodes.find((node) => world.hotkeyOf(node) === hotkey)?.name ?? hotkey;
  const current = async () => Math.floor((await world.chain.snapshot(NETUID)).block.number / cadenceBlocks);

  async function verdict(node: Node, round: number): Promise<Verdict | null> {
    const stores = await world.storesOf(node);
    const [submissions, newest] = await Promise.all([stores.submissions.list(ROUNDS_LOOKED_AT), stores.rounds.list(1)]);
    const own = world.hotkeyOf(node);
    const sent = submissions.find((row) => row.state === 'finalized' && row.round === round);
    if (sent === undefined && (newest[0]?.round ?? 0) <= round + 1) return null;
    const row = await stores.rounds.get(round);
    const note = row?.note?.code ?? null;
    if (row === null || sent === undefined)
      return { validator: node.name, weights: null, note: note ?? 'no submission of this round', replayed: false };
    const { genesis } = world.chain.identity();
    const replay = await replayRound(stores, row, { self: own, scorer: SCORER, genesis, netuid: NETUID, mechanism: MECHANISM });
    const pairs = sent.hotkeys.map((hotkey, index) => [nameOf(hotkey), sent.values[index] ?? 0] as const);
    const weights = Object.fromEntries(pairs.filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]));
    return { validator: node.name, weights, note, replayed: replay?.equal === true };
  }

  async function waitFor(node: Node, round: number): Promise<Verdict> {
    for (;;) {
      signal.throwIfAborted();
      // A database that is away for a moment is looked at later; a pool on one that was started again is of no use.
      const found = await verdict(node, round).catch(async (error: unknown) => {
        if (!isFailure(error)) throw error;
        await world.forgetStores();
        return null;
      });
      if (found !== null) return found;
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  return {
    current,
    next: async () => (await current()) + 1,
    async seen(round) {
      const verdicts: Verdict[] = [];
      for (const node of validators) verdicts.push(await waitFor(node, round));
      const texts = new Set(verdicts.flatMap(({ weights }) => (weights === null ? [] : [sorted(weights)])));
      return { round, verdicts, weighedByAll: verdicts.every(({ weights }) => weights !== null), equal: texts.size === 1 };
    },
  };
}

function sorted(weights: Readonly<Record<string, number>>): string {
  return JSON.stringify(Object.entries(weights).sort());
}

/** Shape: weights → "miner-good 65535, miner-female 1200". */
export function weightsText(weights: Readonly<Record<string, number>> | null): string {
  return weights === null
    ? '–'
    : Object.entries(weights)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ');
}
