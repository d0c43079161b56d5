/** The chain itself: its blocks, its state, its pool; it makes blocks and tells who listens. */
import { EventEmitter } from 'node:events';
import { err, ok, type Result } from '../../protocol/result.js';
import { type Block, headerHash, makeBlock, nextStateRoot } from './block.js';
import type { Extrinsic } from './extrinsic.js';
import { devchainFailure } from './failures.js';
import { type GenesisConfig, writeGenesis } from './genesis.js';
import { type BlockRecord, type Journal, openJournal, readJournal } from './journal.js';
import { blockHash, nonceOf } from './pallets/system.js';
import { createPool, type Pool, type PoolRefusal } from './pool.js';
import type { Runtime } from './runtime.js';
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
  | { readonly kind: 'invalid'; readonly extrinsic: Extrinsic; readonly why: Invalidity | null };

export interface ChainEvents {
  readonly block: [block: Block, changes: Changes];
  readonly finalized: [block: Block];
  readonly pool: [event: PoolEvent];
}

export interface Chain {
  readonly runtime: Runtime;
  readonly genesisHash: string;
  readonly pool: Pool;
  readonly events: EventEmitter<ChainEvents>;
  head(): Block;
  finalized(): Block;
  byNumber(number: number): Block | null;
  byHash(hash: string): Block | null;
  /** Null: too old, or unknown. */
  stateAt(number: number): StoreView | null;
  now(): StoreView;
  submit(extrinsic: Extrinsic): Result<{ readonly ready: boolean }, PoolRefusal>;
  produce(): Block;
  close(): void;
}

export interface ChainOptions {
  readonly dataDir: string | null;
  readonly finalityLag: number;
  readonly genesis: GenesisConfig;
  readonly nowMs: () => number;
  /** Default MAX_JOURNAL_GROWTH_BYTES. */
  readonly journalGrowthBytes?: number;
}

const NO_HASH = `0x${'00'.repeat(32)}`;

/** Opens the chain in `dataDir`, or begins one. Errors: devchain.genesis_differs, devchain.journal_damaged, devchain.bad_genesis. */
export function openChain(runtime: Runtime, options: ChainOptions): Chain {
  const genesis = genesisBlock(options.genesis);
  const blocks = new Map<number, Block>();
  const byHash = new Map<string, Block>();
  const changesOf = new Map<number, Changes>();
  const pool = createPool();
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
    byHash.delete(old.hash);
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

  function keep(block: Block, changes: Changes): void {
    if (journal === null) return;
    journal.append(record(block, changes));
    if (journal.sizeBytes() - sizeAfterRewrite < (options.journalGrowthBytes ?? MAX_JOURNAL_GROWTH_BYTES)) return;
    const later = [...changesOf].map(([number, changed]) => record(blocks.get(number) ?? block, changed));
    journal.rewrite(baseRecord(), [...later, record(block, changes)]);
    sizeAfterRewrite = journal.sizeBytes();
  }

  const finalizedNumber = () => Math.max(0, head.number - options.finalityLag);
  const finalized = () => blocks.get(finalizedNumber()) ?? genesis.block;
  const nonce = (account: string) => nonceOf(state.now, account);

  function produce(): Block {
    const before = finalizedNumber();
    const timeMs = Math.max(options.nowMs(), head.timeMs + 1);
    const { block, changes, included, refused } = makeBlock(runtime, genesis.block.hash, head, state.now, timeMs, pool.ready(nonce));
    keep(block, changes);
    accept(block, changes);
    for (const extrinsic of included) pool.remove(extrinsic.hash);
    for (const { extrinsic, why } of refused) {
      pool.remove(extrinsic.hash);
      events.emit('pool', { kind: 'invalid', extrinsic, why });
    }
    events.emit('block', block, changes);
    for (const extrinsic of included) events.emit('pool', { kind: 'included', extrinsic, block });
    for (const extrinsic of pool.removeExpired(block.number + 1, nonce)) events.emit('pool', { kind: 'invalid', extrinsic, why: null });
    for (let number = before + 1; number <= finalizedNumber(); number += 1) {
      const reached = blocks.get(number);
      if (reached !== undefined) events.emit('finalized', reached);
    }
    return block;
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
    stateAt: (number) => state.at(number),
    now: () => state.now,
    submit: (extrinsic) => {
      const next = createOverlay(state.now);
      blockHash.put(next, head.number, head.hash);
      const verdict = validate(runtime, genesis.block.hash, next, head.number + 1, extrinsic);
      const added = pool.add(extrinsic, verdict.ok ? null : verdict.error, head.number + 1);
      if (!added.ok) return err(added.error);
      // With earlier transactions of the account waiting, a later nonce is ready too.
      const ready = pool.ready(nonce).some(({ hash }) => hash === extrinsic.hash);
      return ok({ ready });
    },
    produce,
    close: () => journal?.close(),
  };
}

function plain(block: Block): BlockRecord['block'] {
  return { ...block, extrinsics: [...block.extrinsics] };
}

function genesisBlock(config: GenesisConfig): { readonly block: Block; readonly state: readonly (readonly [string, string])[] } {
  const store = createOverlay({ get: () => null, keysWith: () => [] });
  writeGenesis(store, config);
  const changes = store.changes();
  const stateRoot = nextStateRoot(config.chain, changes);
  const header = { parentHash: NO_HASH, number: 0, stateRoot, extrinsicsRoot: NO_HASH };
  const state = [...changes].flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { block: { ...header, hash: headerHash(header), timeMs: 0, extrinsics: [] }, state };
}
