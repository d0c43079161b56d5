import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Clock, Logger } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { Inclusion } from '../ports.js';
import type { BlockRef, Hash } from '../snapshot.js';
import type { Connection } from './connection.js';
import { asHash, fieldIn, toNumber } from './decode.js';
import type { SignedExtrinsic } from './extrinsic.js';
import { finalizedHead } from './finality.js';
import { type DispatchRefusal, outcomeOf, positionIn } from './inclusion.js';
import type { Session } from './session-shape.js';
import { storageAt } from './storage.js';

/** How long finality may lag behind the last block of the era before the outcome is called unknown. */
export const FINALITY_SLACK_BLOCKS = 20;
export const MIN_SETTLEMENT_MS = 60_000;

export type Settled =
  | { readonly ok: true; readonly inclusion: Inclusion }
  | { readonly ok: false; readonly block: BlockRef; readonly refusal: DispatchRefusal };

export interface SettlementOptions {
  /** Overrides the wall-clock deadline, which is otherwise the era plus `FINALITY_SLACK_BLOCKS`, doubled for slow blocks. */
  readonly settlementTimeoutMs?: number;
}

/**
 * Sends signed bytes and stays with them until a finalized block says what became of them.
 *
 * "In block" means nothing: that block may yet be reorganised away, and the pool then holds the bytes again. The node's own "finalized in …" is a
 * pointer, not proof: the block must be the final one of its height, and its events decide. When the subscription is lost (disconnected,
 * dropped, usurped, invalid), every finalized block of the era is searched for exactly these bytes.
 *
 * Errors: what the node says to the submission, as chain.request_refused; chain.expired once the bytes can no longer be included;
 * chain.outcome_unknown when the deadline passes first; chain.stopped.
 */
export async function settle(
  deps: { readonly connection: Connection; readonly clock: Clock; readonly logger?: Logger | undefined },
  options: SettlementOptions,
  session: Session,
  signed: SignedExtrinsic,
): Promise<Settled> {
  const { connection, clock, logger } = deps;
  const { method, lastBlock } = signed;
  const blocks = lastBlock - signed.bornAt + FINALITY_SLACK_BLOCKS;
  const deadlineMs =
    clock.nowMs() + (options.settlementTimeoutMs ?? Math.max(MIN_SETTLEMENT_MS, 2 * blocks * session.identity.blockTimeMs));
  const lifetime = connection.lifetime();
  const done = new AbortController();
  let pointer: Hash | null = null;
  let lost = false;
  /** The bytes may be in no pool: they are handed in again, to whichever endpoint is there. */
  let adrift = false;
  let head: BlockRef | null = connection.status().finalized;
  let scannedTo = signed.bornAt;
  let sentOn = session;
  let wake: () => void = () => undefined;
  let news = false;
  const notify = () => {
    news = true;
    wake();
  };
  const lose = (why: string) => {
    if (lost || done.signal.aborted) return;
    lost = true;
    logger?.warn({ method, extrinsicHash: signed.hash, why }, 'following a transaction by searching the blocks');
    notify();
  };
  const unlisten = connection.onFinalized((newest) => {
    head = newest;
    notify();
  });
  lifetime.addEventListener('abort', notify, { once: true, signal: done.signal });
  session.ended.addEventListener('abort', () => lose('disconnected'), { once: true, signal: done.signal });

  const unwatch = await watch(session, signed, (status) => {
    if (status.kind === 'final') pointer = asHash(status.block);
    else {
      adrift = status.reason === 'dropped';
      lose(status.reason);
    }
    notify();
  }).catch((error: unknown) => {
    if (isFailure(error) && (error.code !== 'chain.request_refused' || rpcCodeOf(error) === ALREADY_IMPORTED)) {
      adrift = error.code !== 'chain.request_refused';
      lose(error.code);
      return () => undefined;
    }
    done.abort();
    unlisten();
    throw error;
  });

  try {
    for (;;) {
      if (lifetime.aborted) throw chainFailure('chain.stopped');
      if (pointer !== null && !lost) {
        const settled = await confirm(connection, signed, pointer).catch((error: unknown) => {
          if (!isFailure(error)) throw error;
          return { lost: error.code };
        });
        if ('ok' in settled) return settled;
        lose(settled.lost);
      }
      const horizon = Math.min(head?.number ?? 0, lastBlock);
      if (head !== null && horizon > scannedTo && (lost || head.number >= lastBlock)) {
        const found = await search(connection, signed, scannedTo + 1, horizon).catch((error: unknown) => unreadable(error, logger));
        if (found === 'unreadable') news = false;
        else if ('settled' in found) return found.settled;
        else {
          scannedTo = found.scannedTo;
          const taken = scannedTo < lastBlock && (await nonceTaken(connection, signed, scannedTo));
          if (taken || scannedTo >= lastBlock) {
            const reason = taken
              ? `up to block ${scannedTo} another transaction of this key has taken its nonce`
              : `its era ended with block ${lastBlock}`;
            throw chainFailure('chain.expired', { method, reason, lastBlock, extrinsicHash: signed.hash });
          }
        }
      }
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0) throw chainFailure('chain.outcome_unknown', { method, lastBlock, extrinsicHash: signed.hash });
      if (adrift || (lost && sentOn.ended.aborted)) {
        const taken = await sendAgain(connection, signed);
        if (taken !== null) [sentOn, adrift] = [taken, false];
      }
      await nextNews(leftMs);
    }
  } finally {
    done.abort();
    unlisten();
    unwatch();
  }

  async function nextNews(maxMs: number): Promise<void> {
    if (news) {
      news = false;
      return;
    }
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await Promise.race([woken, clock.sleep(maxMs, timer.signal).catch(() => undefined)]);
    timer.abort();
    news = false;
  }
}

/** JSON-RPC code for bytes that the pool has already. */
const ALREADY_IMPORTED = 1013;
/** Codes of a pool that would take the bytes at another time: banned for a while, no room. */
const NOT_NOW = new Set([1012, 1016]);

function rpcCodeOf({ facts }: Failure): number {
  return Number(facts['rpcCode']);
}

type WatchStatus = { readonly kind: 'final'; readonly block: unknown } | { readonly kind: 'lost'; readonly reason: string };

const ENDINGS = new Set(['dropped', 'invalid', 'usurped', 'finalityTimeout']);

async function watch(session: Session, signed: SignedExtrinsic, report: (status: WatchStatus) => void): Promise<() => void> {
  const { rpc } = session;
  const topic = 'author_extrinsicUpdate';
  const id = await rpc.subscribe(topic, 'author_submitAndWatchExtrinsic', [signed.bytes], (error, status: unknown) => {
    if (error !== null) return report({ kind: 'lost', reason: error.message });
    const [kind, value] =
      typeof status === 'object' && status !== null ? (Object.entries(status)[0] ?? ['', null]) : [String(status), null];
    if (kind === 'finalized') report({ kind: 'final', block: value });
    else if (ENDINGS.has(kind)) report({ kind: 'lost', reason: kind });
  });
  return () => {
    if (!session.ended.aborted) rpc.unsubscribe(topic, 'author_unwatchExtrinsic', id).catch(() => undefined);
  };
}

/**
 * Hands the same bytes in once more, which can do no harm. Shape: the session whose pool has them now, or has refused them for good; null:
 * another time.
 */
async function sendAgain(connection: Connection, signed: SignedExtrinsic): Promise<Session | null> {
  const session = await connection.session().catch(() => null);
  if (session === null) return null;
  try {
    await session.request('author_submitExtrinsic', signed.bytes);
    return session;
  } catch (error) {
    const refused = isFailure(error) && error.code === 'chain.request_refused' && !NOT_NOW.has(rpcCodeOf(error));
    return refused ? session : null;
  }
}

/** What the block that the node points to says, if it is final: on the chain of the finalized head, not above it. */
async function confirm(connection: Connection, signed: SignedExtrinsic, blockHash: Hash): Promise<Settled | { readonly lost: string }> {
  return connection.read(async (session) => {
    const position = await positionIn(session, blockHash, signed.bytes);
    if (position === null) return { lost: 'not in the block the node named' };
    const header = await session.request('chain_getHeader', blockHash);
    const number = toNumber(fieldIn(header, 'number'));
    const final = await finalizedHead(session);
    if (number > final.number || asHash(await session.request('chain_getBlockHash', number)) !== blockHash) {
      return { lost: 'in a block that is not final' };
    }
    return verdict(session, signed, { number, hash: blockHash }, position);
  });
}

type Search = { readonly settled: Settled } | { readonly scannedTo: number };

/** Looks through final blocks only: an endpoint that lags behind the one that told of the head is asked no further than it is final itself. */
async function search(connection: Connection, signed: SignedExtrinsic, from: number, to: number): Promise<Search> {
  return connection.read(async (session) => {
    const last = Math.min(to, (await finalizedHead(session)).number);
    for (let number = from; number <= last; number += 1) {
      const hash = asHash(await session.request('chain_getBlockHash', number));
      if (hash === null) throw chainFailure('chain.block_not_found', { block: number, endpoint: session.identity.endpoint });
      const position = await positionIn(session, hash, signed.bytes);
      if (position !== null) return { settled: await verdict(session, signed, { number, hash }, position) };
    }
    return { scannedTo: Math.max(last, from - 1) };
  });
}

function unreadable(error: unknown, logger: Logger | undefined): 'unreadable' {
  if (!isFailure(error)) throw error;
  logger?.warn({ code: error.code, ...error.facts }, 'blocks could not be searched; tried again with the next head');
  return 'unreadable';
}

async function verdict(session: Session, signed: SignedExtrinsic, block: BlockRef, position: number): Promise<Settled> {
  const outcome = await outcomeOf(session, block.hash, position);
  if (!outcome.ok) return { ok: false, block, refusal: outcome.error };
  const extrinsicHash = asHash(signed.hash);
  if (extrinsicHash === null) throw new TypeError(`not a hash: ${signed.hash}`);
  return { ok: true, inclusion: { block, extrinsicHash, method: signed.method } };
}

/** True when the account's nonce at that final block has passed ours: our bytes were not in the blocks up to it, so they never will be. */
async function nonceTaken(connection: Connection, signed: SignedExtrinsic, block: number): Promise<boolean> {
  return connection
    .read(async (session) => {
      const hash = asHash(await session.request('chain_getBlockHash', block));
      if (hash === null) return false;
      const storage = await storageAt(session, hash);
      const [account] = await storage.read([storage.slot('system', 'account', signed.signer)]);
      const nonce = fieldIn(account, 'nonce');
      return nonce !== undefined && toNumber(nonce) > signed.nonce;
    })
    .catch(() => false);
}
