/** A subnet in memory: its blocks, its state, and what a test may do to them. */
import { chainFailure } from '../../chain/failures.js';
import type { Bounded, ChainIdentity, Inclusion } from '../../chain/ports.js';
import { failureOfModuleError } from '../../chain/refusals.js';
import type { BlockRef, Hash, Hotkey, Hyperparameters, Neuron, Uid } from '../../chain/snapshot.js';
import { sha256Hex, toHex } from '../../protocol/digest.js';
import type { Failure } from '../../protocol/failure.js';
import { createFakeReader } from './fake-chain-reader.js';
import type { FakeChain, FakeChainOptions, FakeOperation, FakeState, Registering } from './fake-chain-shape.js';
import { createFakeWriter } from './fake-chain-writer.js';
import { beaconAt, NO_WEIGHTS, openTimelocked, type Surroundings, type WeightState } from './fake-weights.js';
import { aHash, aHotkey } from './keys.js';

const ADMITTED_IN_SAFE_MODE: ReadonlySet<string> = new Set(['set_weights', 'serve_axon', 'set_commitment']);
const FIRST_BLOCK_MS = 1_700_000_000_000;

const DEFAULTS: Hyperparameters = {
  tempo: 20,
  minAllowedWeights: 1,
  weightsVersionKey: 0n,
  weightsRateLimitBlocks: 100,
  activityCutoffBlocks: 5000,
  immunityPeriodBlocks: 4096,
  maxValidators: 64,
  maxUids: 256,
  commitRevealEnabled: false,
  revealPeriodEpochs: 1,
  servingRateLimitBlocks: 50,
  burnRao: 1_000_000_000n,
  registrationAllowed: true,
};

/** A subnet in memory that answers like the chain does: same refusals in the same order, same snapshots of past blocks. */
export function createFakeChain(options: FakeChainOptions = {}): FakeChain {
  const netuid = options.netuid ?? 1;
  const genesis = options.genesis ?? aHash('fake genesis');
  const finalityLag = options.finalityLag ?? 0;
  const start = options.startBlock ?? 100;
  const identity: ChainIdentity = {
    endpoint: 'fake://chain',
    chain: 'fake',
    genesis,
    specName: 'node-subtensor',
    specVersion: options.specVersion ?? 425,
    blockTimeMs: options.blockTimeMs ?? 12_000,
  };
  let number = start;
  let stalledAt: number | null = null;
  let state: FakeState = {
    hyperparameters: { ...DEFAULTS, ...options.hyperparameters },
    neurons: [],
    weights: NO_WEIGHTS,
    owner: null,
    safeModeUntil: null,
    nonces: new Map(),
    lastEpochBlock: start,
    epochIndex: 0,
  };
  const history = new Map<number, FakeState>([[number, state]]);
  const listeners = new Set<(head: BlockRef) => void>();
  const balances = new Map<Hotkey, bigint>();
  const planned = new Map<FakeOperation, Failure[]>();
  const calls: { operation: FakeOperation; args: readonly unknown[] }[] = [];
  const accepted: { operation: FakeOperation; block: number; epoch: number }[] = [];
  const pool: { readonly from: number; readonly hotkey: Hotkey; run: () => void; settle: () => void }[] = [];
  const settling: { at: number; settle: () => void }[] = [];

  const refAt = (n: number): BlockRef => ({ number: n, hash: n === 0 ? genesis : (`0x${sha256Hex(genesis, String(n))}` as Hash) });
  const finalized = () => refAt(Math.max(start, number - finalityLag));

  function enter(operation: FakeOperation, args: readonly unknown[]): void {
    calls.push({ operation, args });
    const failure = planned.get(operation)?.shift();
    if (failure !== undefined) throw failure;
  }

  function replaceNeuron(hotkey: Hotkey, change: Partial<Neuron>): void {
    state = { ...state, neurons: state.neurons.map((n) => (n.hotkey === hotkey ? { ...n, ...change } : n)) };
  }

  const timeAt = (n: number) => FIRST_BLOCK_MS + n * identity.blockTimeMs;
  const beacon = (n: number) => beaconAt(stalledAt === null ? timeAt(n) : Math.min(stalledAt, timeAt(n)));

  /** What the weights pallet sees in the block that is being made. */
  function surroundings(): Surroundings {
    const due = state.hyperparameters.tempo > 0 && number - state.lastEpochBlock >= state.hyperparameters.tempo;
    return {
      netuid,
      number,
      epoch: state.epochIndex + (due ? 1 : 0),
      lastEpochBlock: state.lastEpochBlock,
      neurons: state.neurons,
      hyperparameters: state.hyperparameters,
      owner: state.owner,
      stakeThresholdRao: options.stakeThresholdRao ?? 0n,
    };
  }

  /** Timelocked weights are opened before the epoch runs, and the epoch runs before the transactions of its block. */
  function mineOne(): void {
    number += 1;
    const around = surroundings();
    state = { ...state, weights: openTimelocked(state.weights, around, beacon(number)) };
    if (number > (state.safeModeUntil ?? number)) state = { ...state, safeModeUntil: null };
    if (around.epoch > state.epochIndex) state = { ...state, lastEpochBlock: number, epochIndex: around.epoch };
    const ready = pool.filter(({ from }) => from <= number);
    pool.splice(0, pool.length, ...pool.filter(({ from }) => from > number));
    for (const tx of ready) {
      tx.run();
      settling.push({ at: number, settle: tx.settle });
    }
    history.set(number, state);
    const head = finalized();
    for (const final of settling.filter(({ at }) => at <= head.number)) {
      settling.splice(settling.indexOf(final), 1);
      final.settle();
    }
    if (number - finalityLag >= start) for (const listener of [...listeners]) listener(head);
  }

  function advance(blocks = 1): BlockRef {
    for (let i = 0; i < blocks; i += 1) mineOne();
    return refAt(number);
  }

  /** Queues a transaction: `run` is the dispatch, in a block; what it throws is the refusal. */
  function transact(
    operation: FakeOperation,
    method: string,
    args: readonly [hotkey: Hotkey, ...unknown[]],
    run: () => void,
    { since }: Bounded = {},
  ): Promise<Inclusion> {
    return new Promise((resolve, reject) => {
      enter(operation, args);
      const [hotkey] = args;
      const nonce = (state.nonces.get(hotkey) ?? 0) + pool.filter((waiting) => waiting.hotkey === hotkey).length;
      if (since !== undefined && since.nonce !== nonce) throw chainFailure('chain.not_sent', { method, reason: 'the key was used since' });
      let refusal: unknown = null;
      let block = refAt(number);
      pool.push({
        from: number + 1 + (options.poolDelayBlocks ?? 0),
        hotkey,
        run: () => {
          block = refAt(number);
          state = { ...state, nonces: new Map(state.nonces).set(hotkey, (state.nonces.get(hotkey) ?? 0) + 1) };
          try {
            if (state.safeModeUntil !== null && !ADMITTED_IN_SAFE_MODE.has(method))
              throw failureOfModuleError('System', 'CallFiltered', { method, netuid });
            run();
            accepted.push({ operation, block: number, epoch: state.epochIndex });
          } catch (error) {
            refusal = error;
          }
        },
        settle: () => {
          if (refusal !== null) reject(refusal);
          else resolve({ block, extrinsicHash: `0x${sha256Hex(method, String(calls.length), block.hash)}` as Hash, method });
        },
      });
      if (options.inclusion !== 'manual') advance(1 + finalityLag);
    });
  }

  function neuronOf(hotkey: Hotkey): Neuron | null {
    return state.neurons.find((neuron) => neuron.hotkey === hotkey) ?? null;
  }

  function stateAt(at: BlockRef): FakeState {
    const found = history.get(at.number);
    if (found === undefined || refAt(at.number).hash !== at.hash) {
      throw chainFailure('chain.block_not_found', { block: at.number, endpoint: identity.endpoint });
    }
    return found;
  }

  function freeUid(): Uid {
    const taken = new Set(state.neurons.map((n) => n.uid));
    let uid = 0;
    while (taken.has(uid)) uid += 1;
    return uid;
  }

  function seat(hotkey: Hotkey, how: Registering): Uid {
    const taken = how.uid === undefined ? undefined : state.neurons.find((n) => n.uid === how.uid);
    const uid = how.uid ?? freeUid();
    const neuron: Neuron = {
      uid,
      hotkey,
      coldkey: how.coldkey ?? aHotkey(`coldkey of ${hotkey}`),
      stakeRao: how.stakeRao ?? 0n,
      validatorPermit: how.permit ?? false,
      active: true,
      lastUpdate: number,
      registeredAt: number,
      axon: null,
      commitment: null,
      incentive: 0,
      dividends: 0,
      emissionRao: 0n,
    };
    const others = state.neurons.filter((n) => n !== taken && n.hotkey !== hotkey);
    state = { ...state, neurons: [...others, neuron].sort((a, b) => a.uid - b.uid) };
    return uid;
  }

  function withWeights(apply: (weights: WeightState, around: Surroundings) => WeightState): void {
    state = { ...state, weights: apply(state.weights, surroundings()) };
  }

  const inside = { netuid, genesis, identity, options, listeners, balances, enter, finalized, refAt, stateAt, beacon, timeAt };
  const reader = createFakeReader(inside);
  const writer = createFakeWriter({
    netuid,
    balances,
    number: () => number,
    state: () => state,
    beacon,
    neuronOf,
    replaceNeuron,
    seat,
    withWeights,
    transact,
  });

  const change = (apply: () => void) => {
    apply();
    advance();
  };

  return {
    netuid,
    genesis,
    reader,
    writer,
    head: () => refAt(number),
    advance,
    prune(olderThan) {
      for (const number of history.keys()) if (number < olderThan) history.delete(number);
    },
    register: (hotkey, how = {}) => {
      const uid = seat(hotkey, how);
      replaceNeuron(hotkey, { registeredAt: number + 1, lastUpdate: number + 1 });
      advance();
      return uid;
    },
    deregister: (hotkey) => change(() => (state = { ...state, neurons: state.neurons.filter((n) => n.hotkey !== hotkey) })),
    patch: (hotkey, values) => change(() => replaceNeuron(hotkey, values)),
    setStake: (hotkey, stakeRao) => change(() => replaceNeuron(hotkey, { stakeRao })),
    setPermit: (hotkey, validatorPermit) => change(() => replaceNeuron(hotkey, { validatorPermit })),
    commit: (hotkey, data) => {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
      change(() => replaceNeuron(hotkey, { commitment: { block: number + 1, data: toHex(bytes) } }));
      return number;
    },
    setHyperparameters: (values) => change(() => (state = { ...state, hyperparameters: { ...state.hyperparameters, ...values } })),
    nowMs: () => timeAt(number),
    stallBeacon: (stalled) => {
      stalledAt = stalled ? timeAt(number) : null;
    },
    fund: (account, rao) => balances.set(account, rao),
    setSafeMode: (safeModeUntil) => change(() => (state = { ...state, safeModeUntil })),
    setOwner: (owner) => change(() => (state = { ...state, owner })),
    failNext: (operation, failure, times = 1) => {
      planned.set(operation, [...(planned.get(operation) ?? []), ...Array.from({ length: times }, () => failure)]);
    },
    calls,
    accepted,
    waiting: () => pool.length,
  };
}
