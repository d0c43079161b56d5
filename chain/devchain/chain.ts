/** The chain itself: its blocks, its state, its pool; it makes blocks and tells who listens. */
import { EventEmitter } from 'node:events';
import { err, ok, type Result } from '../../protocol/result.js';
import { type BeaconFaults, createDevBeacon } from './beacon.js';
import { type Block, headerHash, type Intervention, type MadeBlock, makeBlock, nextStateRoot } from './block.js';
import { type Code, putCode, type Runtimes } from './code.js';
import { decodeExtrinsic, type Extrinsic } from './extrinsic.js';
import { devchainFailure } from './failures.js';
import { type GenesisConfig, writeGenesis } from './genesis.js';
import { type BlockRecord, type Journal, openJournal, readJournal } from './journal.js';
import { blockHash, nonceOf } from './pallets/system.js';
import { createPool, type Pool, type PoolRefusal } from './pool.js';
import type { Runtime } from './runtime.js';
import { fromHex } from './scale.js';
import { type Changes, createOverlay, createState, type State } from './state.js';
import type { StoreView } from './storage-item.js';
import { type Invalidity, validate } from './validity.js';

/** Blocks at which the state can still be read. */
export const HISTORY_BLOCKS = 512;
/** Blocks that can still be asked for by hash or number. */
export const MAX_BLOCKS_HELD = 4096;
/** The journal is rewritten when it has grown by this much. */
export const MAX_JOURNAL_GROWTH_BYTES = 32 * 1024 * 1024;

export type PoolEvent =
  | { readonly kind: 'included'; readonly extrinsic: Extrinsic; readonly block: Block }
  | { readonly kind: 'invalid'; readonly extrinsic: Extrinsic; readonly why: Invalidity | null }
  /** Its block was lost; it waits again, if it was not lost with it. */
  | { readonly kind: 'retracted'; readonly extrinsic: Extrinsic; readonly block: Block }
  | { readonly kind: 'dropped'; readonly extrinsic: Extrinsic }
  | { readonly kind: 'usurped'; readonly extrinsic: Extrinsic };

export interface ChainEvents {
  /** A block was made; it need not be the newest there is. */
  readonly imported: [block: Block];
  /** A new newest block; the changes are those since the newest before it. */
  readonly block: [block: Block, changes: Changes];
  /** From the newest block on the chain runs another runtime. */
  readonly upgraded: [];
  readonly finalized: [block: Block];
  readonly pool: [event: PoolEvent];
}

export interface Reorganisation {
  /** Blocks to lose. */
  readonly depth: number;
  /** Their transactions wait for a block again, or are lost with them. */
  readonly transactions: 'return' | 'lose';
}

export interface Chain {
  /** The runtime that makes the next block. */
  runtime(): Runtime;
  /** The runtime of the state after block `number`; of the oldest state that is held, for older blocks. */
  runtimeAt(number: number): Runtime;
  readonly genesisHash: string;
  readonly pool: Pool;
  readonly events: EventEmitter<ChainEvents>;
  head(): Block;
  finalized(): Block;
  byNumber(number: number): Block | null;
  byHash(hash: string): Block | null;
  /** Null: too old, or of a block that was lost. */
  stateAt(block: Block): StoreView | null;
  now(): StoreView;
  submit(extrinsic: Extrinsic): Result<{ readonly ready: boolean }, PoolRefusal>;
  produce(interventions?: readonly Intervention[]): Block;
  /** Replaces the newest blocks by one more than they were; returns those lost. Errors: RangeError when some of them are final. */
  reorganise(wanted: Reorganisation): readonly Block[];
  /** While true no block becomes final. */
  stallFinality(stalled: boolean): void;
  /** Takes a waiting transaction out of the pool; with `status` its watchers are told. */
  drop(extrinsic: Extrinsic, status: 'dropped' | 'usurped' | null): void;
  readonly beaconFaults: BeaconFaults;
  close(): void;
}

export interface ChainOptions {
  readonly dataDir: string | null;
  readonly finalityLag: number;
  readonly genesis: GenesisConfig;
  /** The runtime it begins with. */
  readonly code: Code;
  readonly nowMs: () => number;
  /** Default MAX_JOURNAL_GROWTH_BYTES. */
  readonly journalGrowthBytes?: number;
}

interface Made extends MadeBlock {
  readonly expired: readonly Extrinsic[];
}

const NO_HASH = `0x${'00'.repeat(32)}`;

/** Opens the chain in `dataDir`, or begins one. Errors: devchain.genesis_differs, devchain.journal_damaged, devchain.bad_genesis. */
export function openChain(runtimes: Runtimes, options: ChainOptions): Chain {
  const genesis = genesisBlock(options.genesis, options.code);
  const blocks = new Map<number, Block>();
  const byHash = new Map<string, Block>();
  const changesOf = new Map<number, Changes>();
  const pool = createPool();
  const beacon = createDevBeacon(options.genesis.beacon);
  const events = new EventEmitter<ChainEvents>();
  events.setMaxListeners(0);

  const found = options.dataDir === null ? null : readJournal(options.dataDir);
  if (found !== null && found.base.genesisHash !== genesis.block.hash) {
    const facts = { folder: options.dataDir ?? '', found: found.base.genesisHash, wanted: genesis.block.hash };
    throw devchainFailure('devchain.genesis_differs', facts);
  }
  const baseBlock = found?.base.block ?? genesis.block;
  /** The state at the oldest block that can be read, kept to rewrite the journal from. */
  const base = new Map<string, string>(found?.base.state ?? genesis.state);
  let baseNumber = baseBlock.number;
  const state: State = createState(base, baseNumber, HISTORY_BLOCKS);
  let head = baseBlock;
  /** Blocks that were lost, by number: they can still be asked for by hash. */
  const lostAt = new Map<number, readonly Block[]>();
  for (const block of [...(found?.base.older ?? []), baseBlock]) hold(block);
  for (const { block, changes } of found?.blocks ?? []) accept(block, new Map(changes));

  const journal: Journal | null = options.dataDir === null ? null : openJournal(options.dataDir, found?.sizeBytes ?? 0);
  if (found === null) journal?.rewrite(baseRecord(), []);
  let sizeAfterRewrite = journal?.sizeBytes() ?? 0;

  function hold(block: Block): void {
    blocks.set(block.number, block);
    byHash.set(block.hash, block);
    const old = blocks.get(block.number - MAX_BLOCKS_HELD);
    if (old === undefined || old.number === 0) return;
    blocks.delete(old.number);
    for (const gone of [old, ...(lostAt.get(old.number) ?? [])]) byHash.delete(gone.hash);
    lostAt.delete(old.number);
  }

  function accept(block: Block, changes: Changes): void {
    hold(block);
    state.commit(block.number, changes);
    changesOf.set(block.number, changes);
    head = block;
    for (; baseNumber < state.oldest(); baseNumber += 1) {
      for (const [key, value] of changesOf.get(baseNumber + 1) ?? []) {
        if (value === null) base.delete(key);
        else base.set(key, value);
      }
      changesOf.delete(baseNumber + 1);
    }
  }

  function baseRecord() {
    const older = [...blocks.values()].filter(({ number }) => number < baseNumber).sort((a, b) => a.number - b.number);
    const block = blocks.get(baseNumber) ?? genesis.block;
    return { kind: 'base' as const, genesisHash: genesis.block.hash, block: plain(block), older: older.map(plain), state: [...base] };
  }

  function record(block: Block, changes: Changes): BlockRecord {
    return { kind: 'block', block: plain(block), changes: [...changes] };
  }

  function laterRecords(): readonly BlockRecord[] {
    return [...changesOf].map(([number, changed]) => record(blocks.get(number) ?? genesis.block, changed));
  }

  function keep(block: Block, changes: Changes): void {
    if (journal === null) return;
    journal.append(record(block, changes));
    if (journal.sizeBytes() - sizeAfterRewrite < (options.journalGrowthBytes ?? MAX_JOURNAL_GROWTH_BYTES)) return;
    journal.rewrite(baseRecord(), [...laterRecords(), record(block, changes)]);
    sizeAfterRewrite = journal.sizeBytes();
  }

  let finalNumber = Math.max(0, head.number - options.finalityLag);
  let finalityStalled = false;
  const finalized = () => blocks.get(finalNumber) ?? genesis.block;
  const nonce = (account: string) => nonceOf(state.now, account);
  const runtime = () => runtimes(state.now);

  /** One more block on top; `notTimeMs`: another time than this, so that it is another block. */
  function extend(interventions: readonly Intervention[], notTimeMs: number | null = null): Made {
    const wantedMs = Math.max(options.nowMs(), head.timeMs + 1);
    const timeMs = wantedMs === notTimeMs ? wantedMs + 1 : wantedMs;
    const made = makeBlock(runtime(), genesis.block.hash, head, state.now, timeMs, pool.ready(nonce), beacon, interventions);
    keep(made.block, made.changes);
    accept(made.block, made.changes);
    for (const extrinsic of made.included) pool.remove(extrinsic.hash);
    for (const { extrinsic } of made.refused) pool.remove(extrinsic.hash);
    return { ...made, expired: pool.removeExpired(made.block.number + 1, nonce) };
  }

  /** Tells everybody, in the order in which a node would. */
  function announce(made: readonly Made[], changes: Changes): void {
    for (const { block } of made) events.emit('imported', block);
    for (const { refused } of made) for (const { extrinsic, why } of refused) events.emit('pool', { kind: 'invalid', extrinsic, why });
    events.emit('block', head, changes);
    for (const { block, included } of made) for (const extrinsic of included) events.emit('pool', { kind: 'included', extrinsic, block });
    for (const { expired } of made) for (const extrinsic of expired) events.emit('pool', { kind: 'invalid', extrinsic, why: null });
    if (finalityStalled) return;
    while (finalNumber < head.number - options.finalityLag) {
      finalNumber += 1;
      const reached = blocks.get(finalNumber);
      if (reached !== undefined) events.emit('finalized', reached);
    }
  }

  function produce(interventions: readonly Intervention[] = []): Block {
    const before = runtime();
    const made = extend(interventions);
    if (runtime() !== before) events.emit('upgraded');
    announce([made], made.changes);
    return made.block;
  }

  function reorganise({ depth, transactions }: Reorganisation): readonly Block[] {
    const parent = blocks.get(head.number - depth);
    const oldest = Math.max(finalNumber, state.oldest());
    if (depth < 1 || parent === undefined || parent.number < oldest) {
      throw new RangeError(`only the newest ${head.number - oldest} blocks can be replaced, not ${depth}`);
    }
    const before = runtime();
    const lost = Array.from({ length: depth }, (_, i) => blocks.get(parent.number + 1 + i)).filter((block) => block !== undefined);
    const orphans = lost.map((block) => ({ block, extrinsics: signedOf(block, runtimes(state.at(block.number - 1) ?? state.now)) }));
    const changed = new Map(lost.flatMap(({ number }) => [...(changesOf.get(number) ?? [])]));
    for (const block of lost) {
      blocks.delete(block.number);
      changesOf.delete(block.number);
      lostAt.set(block.number, [...(lostAt.get(block.number) ?? []), block]);
    }
    state.rewind(parent.number);
    head = parent;
    journal?.rewrite(baseRecord(), laterRecords());
    sizeAfterRewrite = journal?.sizeBytes() ?? 0;
    for (const { block, extrinsics } of orphans) {
      for (const extrinsic of extrinsics) {
        if (transactions === 'return') pool.add(extrinsic, null, head.number + 1);
        events.emit('pool', { kind: 'retracted', extrinsic, block });
      }
    }
    const made: Made[] = [];
    for (let i = 0; i <= depth; i += 1) {
      const one = extend([], lost[i]?.timeMs ?? null);
      made.push(one);
      for (const [key, value] of one.changes) changed.set(key, value);
    }
    if (runtime() !== before) events.emit('upgraded');
    announce(made, changed);
    return lost;
  }

  return {
    runtime,
    genesisHash: genesis.block.hash,
    pool,
    events,
    head: () => head,
    finalized,
    byNumber: (number) => blocks.get(number) ?? null,
    byHash: (hash) => byHash.get(hash) ?? null,
    runtimeAt: (number) => runtimes(state.at(Math.max(number, state.oldest())) ?? state.now),
    stateAt: ({ number, hash }) => (blocks.get(number)?.hash === hash ? state.at(number) : null),
    now: () => state.now,
    submit: (extrinsic) => {
      const next = createOverlay(state.now);
      blockHash.put(next, head.number, head.hash);
      const verdict = validate(runtime(), genesis.block.hash, next, head.number + 1, extrinsic);
      const added = pool.add(extrinsic, verdict.ok ? null : verdict.error, head.number + 1);
      if (!added.ok) return err(added.error);
      // With earlier transactions of the account waiting, a later nonce is ready too.
      const ready = pool.ready(nonce).some(({ hash }) => hash === extrinsic.hash);
      return ok({ ready });
    },
    produce,
    reorganise,
    stallFinality: (stalled) => {
      finalityStalled = stalled;
    },
    drop: (extrinsic, status) => {
      pool.remove(extrinsic.hash);
      if (status !== null) events.emit('pool', { kind: status, extrinsic });
    },
    beaconFaults: beacon.faults,
    close: () => journal?.close(),
  };
}

function plain(block: Block): BlockRecord['block'] {
  return { ...block, extrinsics: [...block.extrinsics] };
}

/** The transactions of a block; `runtime` is the one that made it. */
function signedOf(block: Block, runtime: Runtime): readonly Extrinsic[] {
  return block.extrinsics.map((hex) => decodeExtrinsic(fromHex(hex), runtime.call)).filter(({ signed }) => signed !== null);
}

function genesisBlock(
  config: GenesisConfig,
  code: Code,
): { readonly block: Block; readonly state: readonly (readonly [string, string])[] } {
  const store = createOverlay({ get: () => null, keysWith: () => [] });
  writeGenesis(store, config);
  putCode(store, code);
  const changes = store.changes();
  const stateRoot = nextStateRoot(config.chain, changes);
  const header = { parentHash: NO_HASH, number: 0, stateRoot, extrinsicsRoot: NO_HASH };
  const state = [...changes].flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { block: { ...header, hash: headerHash(header), timeMs: 0, extrinsics: [] }, state };
}
