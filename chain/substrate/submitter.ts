import type { Failure } from '../../protocol/failure.js';
import type { Clock, Logger, Signer } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { Bounded, ChainReader, ChainWriter, Inclusion } from '../ports.js';
import { failureOfModuleError, type RefusedCall } from '../refusals.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import { axonCall, commitCall, commitmentCall, registerCall, revealCall, stakeCall, timelockedCall, weightsCall } from './calls.js';
import type { Connection } from './connection.js';
import { toNumber } from './decode.js';
import {
  type Explain,
  explainCommit,
  explainCommitment,
  explainRegistration,
  explainReveal,
  explainServing,
  explainStaking,
  explainWeights,
} from './explain.js';
import { type Call, callName, ERA_PERIOD_BLOCKS, signCall } from './extrinsic.js';
import { finalizedHead } from './finality.js';
import { poolFailure, poolRemedyFor, toRequestFailure } from './refusals.js';
import { liveSpecVersion } from './session.js';
import type { Session } from './session-shape.js';
import { type Settled, type SettlementOptions, settle } from './settlement.js';
import { systemClock } from './timing.js';

export type SubmitterOptions = SettlementOptions;

/** Transactions of one account waiting behind the one under way. */
export const MAX_WAITING_PER_SIGNER = 16;
/** Times a transaction is signed anew because the pool would not take it as signed (stale nonce, renewed runtime). */
export const SIGNING_ATTEMPTS = 3;
/** Own transactions remembered per account, to tell them from those of others. */
export const SETTLED_REMEMBERED = 64;
/** Finality further behind than this, and the newest block (which may still be reorganised) is the era's start instead. */
const MAX_FINALITY_LAG_BLOCKS = ERA_PERIOD_BLOCKS / 2;

/** Failures of the way to the node: before anything is sent, another session may do better. */
const LINE_TROUBLE: ReadonlySet<string> = new Set([
  'chain.disconnected',
  'chain.timeout',
  'chain.unreachable',
  'chain.stalled',
  'chain.behind',
  'chain.moved',
  'chain.runtime_upgraded',
  'chain.stopped',
]);

/**
 * Signs, sends and settles transactions, one at a time per account. Errors of each: chain.not_sent when the node could not be asked for what is
 * signed; those of settlement.ts; what the pool or the pallet has against the call.
 */
export function createSubmitter(
  deps: {
    readonly connection: Connection;
    readonly reader: ChainReader;
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
  },
  options: SubmitterOptions,
): ChainWriter {
  const { connection, reader, logger } = deps;
  const clock = deps.clock ?? systemClock;
  const lines = new Map<Hotkey, { tail: Promise<unknown>; waiting: number }>();
  /** Blocks of our own transactions, newest last. */
  const settledIn = new Map<Hotkey, readonly number[]>();

  /** Runs after everything queued before it for this account has settled. */
  async function inLine<T>(hotkey: Hotkey, work: () => Promise<T>): Promise<T> {
    const line = lines.get(hotkey) ?? { tail: Promise.resolve(), waiting: 0 };
    if (line.waiting > MAX_WAITING_PER_SIGNER) throw chainFailure('chain.queue_full', { hotkey, waiting: line.waiting });
    lines.set(hotkey, line);
    line.waiting += 1;
    const turn = line.tail.then(work);
    line.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) lines.delete(hotkey);
    }
  }

  interface Transaction {
    readonly signer: Signer;
    readonly netuid: number;
    readonly lastBlock?: number | undefined;
    readonly since?: Bounded['since'] | undefined;
    callFor(session: Session): Call | Promise<Call>;
    /** Facts that make the hint of such a refusal exact. */
    readonly explain: Explain;
  }

  function submit(transaction: Transaction): Promise<Inclusion> {
    const { signer, netuid } = transaction;
    return inLine(signer.hotkey, async () => {
      let method = 'the transaction';
      for (let attempt = 1; ; attempt += 1) {
        const prepared = await prepare(transaction, (name) => {
          method = name;
        }).catch((error: unknown) => {
          const failure = toRequestFailure(error, method, 'the endpoint');
          if (!LINE_TROUBLE.has(failure.code)) throw failure;
          if (attempt < SIGNING_ATTEMPTS && failure.code !== 'chain.stopped') return null;
          throw chainFailure('chain.not_sent', { method, reason: failure.message }, failure);
        });
        if (prepared === null) continue;
        const { session, signed } = prepared;
        const explained = async (make: (known: RefusedCall) => Failure): Promise<Failure> => {
          const { code } = make({ method, netuid });
          return make({ method, netuid, ...(await transaction.explain(code).catch(() => ({}))) });
        };
        let settled: Settled;
        try {
          settled = await settle({ connection, clock, logger }, options, session, signed);
        } catch (error) {
          const failure = toRequestFailure(error, method, session.identity.endpoint);
          const pool = poolFailure(failure, { method, netuid });
          if (pool === null) throw failure;
          const remedy = attempt < SIGNING_ATTEMPTS ? poolRemedyFor(pool) : 'none';
          if (remedy === 'none') throw await explained((known) => poolFailure(failure, known) ?? failure);
          logger?.info({ method, code: pool.code, attempt }, 'transaction is signed again');
          // What is not there in time is missed at the next attempt, which counts.
          if (remedy === 'renew') await connection.renew(session, pool).catch(() => undefined);
          else await nextHead(session);
          continue;
        }
        const { number } = settled.ok ? settled.inclusion.block : settled.block;
        settledIn.set(signer.hotkey, [...(settledIn.get(signer.hotkey) ?? []), number].slice(-SETTLED_REMEMBERED));
        if (settled.ok) return settled.inclusion;
        const { pallet, error, documentation } = settled.refusal;
        throw await explained((known) => failureOfModuleError(pallet, error, { ...known, documentation }));
      }
    });
  }

  /** All that comes before the bytes leave. */
  async function prepare({ signer, callFor, since, lastBlock = Number.POSITIVE_INFINITY }: Transaction, named: (method: string) => void) {
    const session = await freshSession();
    const call = await callFor(session);
    const method = callName(call);
    named(method);
    const birth = await birthBlock(session);
    const nonce = toNumber(await session.request('system_accountNextIndex', signer.hotkey));
    if (since !== undefined) {
      const known = since.nonce + (settledIn.get(signer.hotkey) ?? []).filter((block) => block > since.block).length;
      const reason = `this hotkey has signed something else since block ${since.block} (nonce ${nonce}, not ${known})`;
      if (nonce !== known) throw chainFailure('chain.not_sent', { method, reason });
    }
    const signed = await signCall(session, call, signer, { nonce, birth });
    logger?.debug({ method, nonce, extrinsicHash: signed.hash, lastBlock: signed.lastBlock }, 'transaction signed');
    if (signed.lastBlock > lastBlock) {
      const reason = `it could be included until block ${signed.lastBlock}, and is looked for until block ${lastBlock}. Finality is behind, or it waited too long.`;
      throw chainFailure('chain.not_sent', { method, reason });
    }
    return { session, signed };
  }

  /** A session whose metadata is that of the runtime the chain runs now. */
  async function freshSession(): Promise<Session> {
    const session = await connection.session();
    const specVersion = await liveSpecVersion(session);
    if (specVersion === null || specVersion === session.identity.specVersion) return session;
    return connection.renew(session, chainFailure('chain.runtime_upgraded', { endpoint: session.identity.endpoint, specVersion }));
  }

  async function birthBlock(session: Session): Promise<BlockRef> {
    const finalized = await finalizedHead(session);
    const { head } = connection.status();
    return head !== null && head.number - finalized.number > MAX_FINALITY_LAG_BLOCKS ? head : finalized;
  }

  async function nextHead(session: Session): Promise<void> {
    const done = new AbortController();
    const seen = new Promise<void>((resolve) => {
      const off = connection.onHead(() => resolve());
      done.signal.addEventListener('abort', off, { once: true });
    });
    await Promise.race([seen, clock.sleep(2 * session.identity.blockTimeMs, done.signal).catch(() => undefined)]);
    done.abort();
  }

  const priceOf = async (netuid: number) => (await reader.snapshot(netuid)).hyperparameters.burnRao;

  return {
    setWeights: (signer, request) =>
      submit({
        signer,
        netuid: request.netuid,
        lastBlock: request.lastBlock,
        since: request.since,
        callFor: (session) => weightsCall(session, request),
        explain: explainWeights(reader, signer.hotkey, request),
      }),
    commitWeights: (signer, request) =>
      submit({
        signer,
        netuid: request.netuid,
        lastBlock: request.lastBlock,
        since: request.since,
        callFor: (session) => commitCall(session, request),
        explain: explainCommit(reader, signer.hotkey, request),
      }),
    revealWeights: (signer, request) =>
      submit({
        signer,
        netuid: request.netuid,
        callFor: (session) => revealCall(session, request),
        explain: explainReveal(reader, signer.hotkey, request),
      }),
    commitTimelocked: (signer, request) =>
      submit({
        signer,
        netuid: request.netuid,
        lastBlock: request.lastBlock,
        since: request.since,
        callFor: (session) => timelockedCall(session, request),
        explain: explainCommit(reader, signer.hotkey, request),
      }),
    serveAxon: (signer, netuid, endpoint) =>
      submit({
        signer,
        netuid,
        callFor: (session) => axonCall(session, netuid, endpoint),
        explain: explainServing(reader, signer.hotkey, netuid),
      }),
    setCommitment: (signer, netuid, data) => {
      let rateLimitBlocks: number | null = null;
      return submit({
        signer,
        netuid,
        callFor: (session) => {
          rateLimitBlocks = session.features.commitmentRateLimitBlocks;
          return commitmentCall(netuid, data);
        },
        explain: explainCommitment(reader, signer.hotkey, netuid, () => rateLimitBlocks),
      });
    },
    burnedRegister: (signer, netuid, hotkey, limitRao) =>
      submit({
        signer,
        netuid,
        callFor: (session) =>
          registerCall(session, netuid, hotkey, limitRao === undefined ? null : { rao: limitRao, priceRao: () => priceOf(netuid) }),
        explain: explainRegistration(reader, signer.hotkey, netuid, limitRao),
      }),
    addStake: (signer, netuid, hotkey, amountRao) =>
      submit({
        signer,
        netuid,
        callFor: () => stakeCall(netuid, hotkey, amountRao),
        explain: explainStaking(reader, signer.hotkey, amountRao),
      }),
  };
}
