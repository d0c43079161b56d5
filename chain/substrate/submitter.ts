import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { AxonEndpoint, ChainReader, ChainWriter, Inclusion, SetWeights } from '../ports.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import { inBlocks } from '../submission.js';
import type { ChainLogger, Connection } from './connection.js';
import { PEER_KEY_ALGORITHM, parseIp, toNumber } from './decode.js';
import { type Call, callExists, ERA_PERIOD_BLOCKS, signCall } from './extrinsic.js';
import { finalizedHead } from './reader.js';
import { poolRefusal, refusalFailure } from './refusals.js';
import { liveSpecVersion, type Session } from './session.js';
import { type SettlementOptions, settle } from './settlement.js';
import { systemClock } from './timing.js';

export type SubmitterOptions = SettlementOptions;

/** Transactions of one account waiting behind the one under way. */
export const MAX_WAITING_PER_SIGNER = 16;
/** Times a transaction is signed anew because the pool would not take it as signed (stale nonce, renewed runtime). */
export const SIGNING_ATTEMPTS = 3;
/** Finality further behind than this, and the newest block (which may still be reorganised) is the era's start instead. */
const MAX_FINALITY_LAG_BLOCKS = ERA_PERIOD_BLOCKS / 2;
export const MAX_COMMITMENT_BYTES = 128;

/** Signs, sends and settles transactions, one at a time per account. */
export function createSubmitter(
  deps: {
    readonly connection: Connection;
    readonly reader: ChainReader;
    readonly clock?: Clock | undefined;
    readonly logger?: ChainLogger | undefined;
  },
  options: SubmitterOptions,
): ChainWriter {
  const { connection, reader, logger } = deps;
  const clock = deps.clock ?? systemClock;
  const lines = new Map<Hotkey, { tail: Promise<unknown>; waiting: number }>();

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

  function submit(signer: Signer, callFor: (session: Session) => Call, netuid: number): Promise<Inclusion> {
    return inLine(signer.hotkey, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const session = await freshSession();
        const call = callFor(session);
        const method = `${call.pallet}.${call.method}`;
        try {
          const birth = await birthBlock(session);
          const nonce = toNumber(await session.request('system_accountNextIndex', signer.hotkey));
          const signed = await signCall(session, call, signer, { nonce, birth });
          logger?.debug({ method, nonce, extrinsicHash: signed.hash, lastBlock: signed.lastBlock }, 'transaction sent');
          const settled = await settle({ connection, clock, logger }, options, session, signed);
          if (settled.ok) return settled.inclusion;
          throw refusalFailure(method, settled.refusal, settled.block);
        } catch (error) {
          if (!isFailure(error))
            throw chainFailure('chain.bad_answer', { method, endpoint: session.identity.endpoint, reason: String(error) }, error);
          const pool = poolRefusal(error, method);
          if (pool === null) throw await withWait(error, signer.hotkey, netuid, method);
          if (pool.remedy === 'none' || attempt >= SIGNING_ATTEMPTS) throw await withWait(pool.failure, signer.hotkey, netuid, method);
          logger?.info({ method, code: pool.failure.code, attempt }, 'transaction is signed again');
          if (pool.remedy === 'renew') await connection.renew(session, pool.failure);
          else await nextHead(session);
        }
      }
    });
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

  /** "Too soon" with the number of blocks left, where it can be read. */
  async function withWait(failure: Failure, hotkey: Hotkey, netuid: number, method: string): Promise<Failure> {
    if (failure.code !== 'chain.rate_limited') return failure;
    try {
      const weights = /weights/i.test(method);
      const facts = weights ? await weightWait(hotkey, netuid) : await servingWait(hotkey, netuid);
      return chainFailure('chain.rate_limited', { ...failure.facts, ...facts, wait: inBlocks(facts.blocksLeft) }, failure.cause);
    } catch {
      return failure;
    }
  }

  async function weightWait(hotkey: Hotkey, netuid: number) {
    const { rateLimitBlocks, lastUpdate, block } = await reader.weightFacts(netuid, 0, hotkey);
    return { rateLimitBlocks, lastUpdate, head: block.number, blocksLeft: Math.max(1, lastUpdate + rateLimitBlocks - block.number) };
  }

  async function servingWait(hotkey: Hotkey, netuid: number) {
    const { block, hyperparameters, neurons } = await reader.snapshot(netuid);
    const served = neurons.find((neuron) => neuron.hotkey === hotkey)?.axon?.block ?? block.number;
    const rateLimitBlocks = hyperparameters.servingRateLimitBlocks;
    return { rateLimitBlocks, lastUpdate: served, head: block.number, blocksLeft: Math.max(1, served + rateLimitBlocks - block.number) };
  }

  return {
    setWeights: (signer, request) => submit(signer, (session) => weightsCall(session, request), request.netuid),
    serveAxon: (signer, netuid, endpoint) => submit(signer, (session) => axonCall(session, netuid, endpoint), netuid),
    setCommitment: (signer, netuid, data) => submit(signer, () => commitmentCall(netuid, data), netuid),
    burnedRegister: (coldkey, netuid, hotkey) =>
      submit(coldkey, () => ({ pallet: 'subtensorModule', method: 'burnedRegister', args: [netuid, hotkey] }), netuid),
    addStake: (coldkey, netuid, hotkey, amountRao) =>
      submit(coldkey, () => ({ pallet: 'subtensorModule', method: 'addStake', args: [hotkey, netuid, amountRao] }), netuid),
  };
}

function weightsCall(session: Session, { netuid, mechanism, uids, values, versionKey }: SetWeights): Call {
  const pallet = 'subtensorModule';
  if (mechanism === 0) return { pallet, method: 'setWeights', args: [netuid, uids, values, versionKey] };
  if (!session.features.mechanisms) {
    throw chainFailure('chain.mechanism_missing', { netuid, mechanism });
  }
  return { pallet, method: 'setMechanismWeights', args: [netuid, mechanism, uids, values, versionKey] };
}

function axonCall(session: Session, netuid: number, endpoint: AxonEndpoint): Call {
  const ip = parseIp(endpoint.ip);
  if (ip === null)
    throw chainFailure('chain.refused', {
      method: 'subtensorModule.serveAxon',
      pallet: 'subtensorModule',
      error: 'InvalidIpAddress',
      documentation: endpoint.ip,
    });
  const args = [netuid, endpoint.version, ip.address, endpoint.port, ip.type, endpoint.protocol, 0, 0];
  const pallet = 'subtensorModule';
  if (endpoint.peerKey === null || !callExists(session, { pallet, method: 'serveAxonTls' })) return { pallet, method: 'serveAxon', args };
  const certificate = `0x${Buffer.from([PEER_KEY_ALGORITHM, ...endpoint.peerKey]).toString('hex')}`;
  return { pallet, method: 'serveAxonTls', args: [...args, certificate] };
}

function commitmentCall(netuid: number, data: Uint8Array): Call {
  if (data.length > MAX_COMMITMENT_BYTES)
    throw new RangeError(`a commitment has at most ${MAX_COMMITMENT_BYTES} bytes, not ${data.length}`);
  const field = { [`Raw${data.length}`]: `0x${Buffer.from(data).toString('hex')}` };
  return { pallet: 'commitments', method: 'setCommitment', args: [netuid, { fields: [field] }] };
}
