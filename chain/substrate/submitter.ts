import type { Failure } from '../../protocol/failure.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { AxonEndpoint, ChainReader, ChainWriter, Inclusion, SetWeights } from '../ports.js';
import { failureOfModuleError, type RefusedCall } from '../refusals.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import type { ChainLogger, Connection } from './connection.js';
import { PEER_KEY_ALGORITHM, parseIp, toNumber } from './decode.js';
import { type Call, callExists, callName, ERA_PERIOD_BLOCKS, signCall } from './extrinsic.js';
import { finalizedHead } from './finality.js';
import { poolFailure, poolRemedyFor, toRequestFailure } from './refusals.js';
import { liveSpecVersion, type Session } from './session.js';
import { type Settled, type SettlementOptions, settle } from './settlement.js';
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

  interface Transaction {
    readonly signer: Signer;
    readonly netuid: number;
    callFor(session: Session): Call;
    /** Facts that make the hint of such a refusal exact. */
    explain(code: string): Promise<Partial<RefusedCall>>;
  }

  function submit(transaction: Transaction): Promise<Inclusion> {
    const { signer, netuid } = transaction;
    return inLine(signer.hotkey, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const session = await freshSession();
        const call = transaction.callFor(session);
        const method = callName(call);
        const explained = async (make: (known: RefusedCall) => Failure): Promise<Failure> => {
          const { code } = make({ method, netuid });
          return make({ method, netuid, ...(await transaction.explain(code).catch(() => ({}))) });
        };
        let settled: Settled;
        try {
          const birth = await birthBlock(session);
          const nonce = toNumber(await session.request('system_accountNextIndex', signer.hotkey));
          const signed = await signCall(session, call, signer, { nonce, birth });
          logger?.debug({ method, nonce, extrinsicHash: signed.hash, lastBlock: signed.lastBlock }, 'transaction signed');
          settled = await settle({ connection, clock, logger }, options, session, signed);
        } catch (error) {
          const failure = toRequestFailure(error, method, session.identity.endpoint);
          const pool = poolFailure(failure, { method, netuid });
          if (pool === null) throw failure;
          const remedy = attempt < SIGNING_ATTEMPTS ? poolRemedyFor(pool) : 'none';
          if (remedy === 'none') throw await explained((known) => poolFailure(failure, known) ?? failure);
          logger?.info({ method, code: pool.code, attempt }, 'transaction is signed again');
          if (remedy === 'renew') await connection.renew(session, pool);
          else await nextHead(session);
          continue;
        }
        if (settled.ok) return settled.inclusion;
        const { pallet, error, documentation } = settled.refusal;
        throw await explained((known) => failureOfModuleError(pallet, error, { ...known, documentation }));
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

  async function weightsRefused(code: string, hotkey: Hotkey, { netuid, mechanism, uids, versionKey }: SetWeights) {
    if (!['chain.rate_limited', 'chain.stake_too_low', 'chain.version_key', 'chain.too_few_weights'].includes(code)) return {};
    const facts = await reader.weightFacts(netuid, mechanism, hotkey);
    if (code === 'chain.version_key') return { versionKey, requiredVersionKey: facts.weightsVersionKey };
    if (code === 'chain.stake_too_low') return { stakeRao: facts.stakeRao, requiredRao: facts.stakeThresholdRao };
    if (code === 'chain.too_few_weights') {
      return { weightCount: uids.length, requiredWeightCount: Math.min(facts.neuronCount, facts.minAllowedWeights) };
    }
    return { blocksLeft: Math.max(1, facts.lastUpdate + facts.rateLimitBlocks - facts.block.number) };
  }

  async function servingRefused(code: string, hotkey: Hotkey, netuid: number) {
    if (code !== 'chain.rate_limited') return {};
    const { block, hyperparameters, neurons } = await reader.snapshot(netuid);
    const axon = neurons.find((neuron) => neuron.hotkey === hotkey)?.axon;
    if (axon === null || axon === undefined) return {};
    return { blocksLeft: Math.max(1, axon.block + hyperparameters.servingRateLimitBlocks - block.number) };
  }

  const nothingToAdd = async () => ({});

  return {
    setWeights: (signer, request) =>
      submit({
        signer,
        netuid: request.netuid,
        callFor: (session) => weightsCall(session, request),
        explain: (code) => weightsRefused(code, signer.hotkey, request),
      }),
    commitWeights: async () => {
      throw chainFailure('chain.missing_item', { specVersion: connection.identity().specVersion, item: 'commit' });
    },
    revealWeights: async () => {
      throw chainFailure('chain.missing_item', { specVersion: connection.identity().specVersion, item: 'reveal' });
    },
    commitTimelocked: async () => {
      throw chainFailure('chain.missing_item', { specVersion: connection.identity().specVersion, item: 'timelocked commit' });
    },
    serveAxon: (signer, netuid, endpoint) =>
      submit({
        signer,
        netuid,
        callFor: (session) => axonCall(session, netuid, endpoint),
        explain: (code) => servingRefused(code, signer.hotkey, netuid),
      }),
    setCommitment: (signer, netuid, data) => submit({ signer, netuid, callFor: () => commitmentCall(netuid, data), explain: nothingToAdd }),
    burnedRegister: (signer, netuid, hotkey) =>
      submit({
        signer,
        netuid,
        callFor: () => ({ pallet: PALLET, method: 'burnedRegister', args: [netuid, hotkey] }),
        explain: nothingToAdd,
      }),
    addStake: (signer, netuid, hotkey, amountRao) =>
      submit({
        signer,
        netuid,
        callFor: () => ({ pallet: PALLET, method: 'addStake', args: [hotkey, netuid, amountRao] }),
        explain: nothingToAdd,
      }),
  };
}

const PALLET = 'subtensorModule';

function weightsCall(session: Session, { netuid, mechanism, uids, values, versionKey }: SetWeights): Call {
  const pallet = PALLET;
  if (mechanism === 0) return { pallet, method: 'setWeights', args: [netuid, uids, values, versionKey] };
  if (!session.features.mechanisms) {
    throw chainFailure('chain.mechanism_missing', { netuid, mechanism });
  }
  return { pallet, method: 'setMechanismWeights', args: [netuid, mechanism, uids, values, versionKey] };
}

function axonCall(session: Session, netuid: number, endpoint: AxonEndpoint): Call {
  const ip = parseIp(endpoint.ip);
  if (ip === null) throw chainFailure('chain.bad_axon', { error: `${endpoint.ip} is no IP address` });
  const args = [netuid, endpoint.version, ip.address, endpoint.port, ip.type, endpoint.protocol, 0, 0];
  const pallet = PALLET;
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
