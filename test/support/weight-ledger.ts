/** What the chain says about the weights of one hotkey, read block by block past the program under test, and held against its journal. */
import { expect } from 'chai';
import type { WeightEntry } from '../../chain/ports.js';
import { createConnection } from '../../chain/substrate/connection.js';
import { fieldIn } from '../../chain/substrate/decode.js';
import { eventsAt } from '../../chain/substrate/events.js';
import { storageAt } from '../../chain/substrate/storage.js';
import type { SubmissionRow } from '../../node/ports.js';
import { isSettled } from '../../node/weights/states.js';
import { type Hash, type Hotkey, parseHash } from '../../protocol/names.js';

/** An accepted set_weights or commit. */
export interface Accepted {
  readonly kind: 'set' | 'commit';
  readonly block: number;
  readonly hash: Hash;
  /** Number of epochs that had run, by the blocks in which the chain counted again from zero. */
  readonly epoch: number;
}

/** The row that `Weights` held after a block that changed it. */
export interface Written {
  readonly block: number;
  readonly vector: readonly WeightEntry[];
}

export interface WeightLedger {
  readonly accepted: readonly Accepted[];
  readonly written: readonly Written[];
  /** Reads the blocks made since the last call, up to that one; none of them may be reorganised later. */
  readTo(block: number): Promise<void>;
  stop(): Promise<void>;
}

/** Hex digits; what the chain puts into a block by itself is shorter. */
const SIGNED_LENGTH_MIN = 200;
const COMMITS = new Set(['SubtensorModule.WeightsCommitted', 'SubtensorModule.TimelockedWeightsCommitted']);

export async function openWeightLedger(endpoint: string, of: { readonly netuid: number; readonly hotkey: Hotkey }): Promise<WeightLedger> {
  const connection = createConnection({}, { endpoints: [endpoint], genesis: null, headTimeoutMs: 3_600_000, watchClock: false });
  await connection.start(new AbortController().signal);
  const accepted: Accepted[] = [];
  const written: Written[] = [];
  let held: readonly WeightEntry[] = [];
  let readTo = 0;
  let epoch = 0;

  async function read(block: number): Promise<void> {
    await connection.read(async (session) => {
      const hash = parseHash(String(await session.request('chain_getBlockHash', block)));
      if (!hash.ok) throw new Error(`no block ${block}`);
      const storage = await storageAt(session, hash.value);
      const slot = (item: string, ...args: readonly unknown[]) => storage.slot('subtensorModule', item, ...args);
      const [since, seat] = await storage.read([slot('blocksSinceLastStep', of.netuid), slot('uids', of.netuid, of.hotkey)]);
      if (Number(since) === 0) epoch += 1;
      if (seat === null) return;
      const [row] = await storage.read([slot('weights', of.netuid, seat)]);
      // Safety: `Weights` is a vector of pairs of u16.
      const vector = (row as [number, number][]).map(([uid, value]) => ({ uid, value }));
      if (JSON.stringify(vector) !== JSON.stringify(held)) written.push({ block, vector });
      held = vector;
      const answer = await session.request('chain_getBlock', hash.value);
      const extrinsics = fieldIn(fieldIn(answer, 'block'), 'extrinsics');
      if (!Array.isArray(extrinsics) || !extrinsics.some((bytes: unknown) => String(bytes).length > SIGNED_LENGTH_MIN)) return;
      const { events } = await eventsAt(session, hash.value);
      const reveals = new Set(events.filter(({ name }) => name === 'SubtensorModule.WeightsRevealed').map(({ extrinsic }) => extrinsic));
      for (const { name, data, extrinsic } of events) {
        if (name !== null && COMMITS.has(name) && data[0] === of.hotkey) accepted.push({ kind: 'commit', block, hash: hash.value, epoch });
        const opens = name === 'SubtensorModule.WeightsSet' && data[1] === seat && extrinsic !== null && !reveals.has(extrinsic);
        if (opens) accepted.push({ kind: 'set', block, hash: hash.value, epoch });
      }
    });
  }

  return {
    accepted,
    written,
    async readTo(block) {
      for (; readTo < block; ) {
        await read(readTo + 1);
        readTo += 1;
      }
    },
    stop: connection.stop,
  };
}

/**
 * The promise of the weight engine: at most one accepted submission per epoch, every one of them in the journal, none in the journal that is not in that
 * very block, no other vector on chain than those planned, and every row at its end. `rows` are all rows of the hotkey; `open`: how many may still be on their way.
 */
export function holdTheInvariant(rows: readonly SubmissionRow[], { accepted, written }: WeightLedger, open = 0): void {
  const perEpoch = new Map<number, number>();
  for (const { epoch } of accepted) perEpoch.set(epoch, (perEpoch.get(epoch) ?? 0) + 1);
  for (const [epoch, count] of perEpoch) expect(count, `submissions in epoch ${epoch}`).to.equal(1);

  const told = rows.map(({ id, state, way, epochStart, committed, included, failure }) =>
    JSON.stringify({ id, state, way, epochStart, committed: committed?.number, included: included?.number, failure }),
  );
  const about = `\n${told.join('\n')}\n${JSON.stringify({ accepted, written })}`;
  const textOf = (vector: readonly WeightEntry[]) => vector.map(({ uid, value }) => `${uid}:${value}`).join(' ');
  const planned = (row: SubmissionRow) => textOf(row.uids.map((uid, i) => ({ uid, value: row.values[i] ?? 0 })));
  for (const { block, vector } of written) {
    const holding = rows.filter((row) => planned(row) === textOf(vector));
    expect(holding, `the weights of block ${block} were planned${about}`).to.not.have.length(0);
    const own = holding.some(({ included, state }) => included?.number === block || (state === 'finalized' && included === null));
    expect(own || open > 0, `the weights of block ${block} are in the journal${about}`).to.equal(true);
  }
  for (const { kind, block } of accepted) {
    const row = rows.find(({ committed, included }) => (kind === 'set' ? included : committed)?.number === block);
    expect(row !== undefined || open > 0, `the ${kind} of block ${block} is in the journal${about}`).to.equal(true);
  }
  for (const { id, state, way, committed, included } of rows) {
    const at = way === 'open' ? included : committed;
    if (at === null || (state !== 'finalized' && state !== 'committed')) continue;
    const there = accepted.some(({ block, hash }) => block === at.number && hash === at.hash);
    expect(there, `row ${id} is in block ${at.number} (${at.hash})${about}`).to.equal(true);
  }
  const unsettled = rows.filter(({ state }) => !isSettled(state));
  expect(unsettled.length, `rows on their way${about}`).to.be.at.most(open);
  for (const { state, failure } of rows) {
    if (state === 'refused' || state === 'abandoned' || state === 'lost') expect(failure?.code, `a reason${about}`).to.be.a('string');
  }
}
