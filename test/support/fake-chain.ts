import { timelockedDigest } from '../../chain/commit-hash.js';
import { chainFailure } from '../../chain/failures.js';
import type { Bounded, ChainIdentity, ChainReader, ChainWriter, Inclusion, WeightFacts } from '../../chain/ports.js';
import { failureOfModuleError, type RefusedCall } from '../../chain/refusals.js';
import type { BlockRef, Hash, Hotkey, Hyperparameters, Neuron, SubnetSnapshot, Uid } from '../../chain/snapshot.js';
import { sha256Hex, toHex } from '../../protocol/digest.js';
import type { Failure } from '../../protocol/failure.js';
import { fakeEpochInput } from './fake-epoch.js';
import {
  beaconAt,
  commitRevealOf,
  commitTimelocked,
  commitWeights,
  FAKE_TIMELOCK_VERSION,
  NO_WEIGHTS,
  openTimelocked,
  revealWeights,
  type Surroundings,
  setWeights,
  type WeightState,
} from './fake-weights.js';
import { aHash, aHotkey } from './keys.js';

export interface FakeChainOptions {
  readonly netuid?: number;
  readonly genesis?: Hash;
  /** First block; default 100. */
  readonly startBlock?: number;
  readonly specVersion?: number;
  readonly blockTimeMs?: number;
  readonly hyperparameters?: Partial<Hyperparameters>;
  /** Minimum stake to set weights. */
  readonly stakeThresholdRao?: bigint;
  /** True (default): epochs are state, as on spec ≥ 423; false: `weightFacts().epochClock` is null. */
  readonly statefulEpochs?: boolean;
  /**
   * `instant` (default): a transaction makes a block of its own and is final at once. `manual`: it waits for `advance`, which puts
   * everything that waits into the first new block.
   */
  readonly inclusion?: 'instant' | 'manual';
  /** False: the runtime takes no commits by hash; default true. */
  readonly hashCommits?: boolean;
  /** False: the runtime takes no timelocked commits; default true. */
  readonly timelocked?: boolean;
  /** With manual inclusion: blocks that leave a transaction waiting; default 0. */
  readonly poolDelayBlocks?: number;
  /** Blocks between the newest block and the newest final one; default 0. */
  readonly finalityLag?: number;
}

export type FakeOperation =
  | 'finalizedHead'
  | 'blockAt'
  | 'snapshot'
  | 'weightFacts'
  | 'weightsOf'
  | 'weightRows'
  | 'timelockedReveals'
  | 'setWeights'
  | 'commitWeights'
  | 'revealWeights'
  | 'commitTimelocked'
  | 'serveAxon'
  | 'setCommitment'
  | 'burnedRegister'
  | 'addStake';

export interface Registering {
  readonly coldkey?: Hotkey;
  readonly stakeRao?: bigint;
  readonly permit?: boolean;
  /** Takes this seat from whoever has it; default: the next free seat. */
  readonly uid?: Uid;
}

export interface FakeChain {
  readonly netuid: number;
  readonly genesis: Hash;
  readonly reader: ChainReader;
  readonly writer: ChainWriter;
  /** Newest block, final or not. */
  head(): BlockRef;
  /** Makes blocks; finalized heads are reported one by one. Returns the newest. */
  advance(blocks?: number): BlockRef;
  /** As an endpoint does that keeps few old states: what is older than this block cannot be read any more. */
  prune(olderThan: number): void;
  /** Seats a hotkey in the current state: visible from the next block on (`advance` is called for you). */
  register(hotkey: Hotkey, how?: Registering): Uid;
  deregister(hotkey: Hotkey): void;
  /** Changes what the chain says about a neuron, then makes a block. */
  patch(hotkey: Hotkey, change: Partial<Omit<Neuron, 'uid' | 'hotkey'>>): void;
  setStake(hotkey: Hotkey, stakeRao: bigint): void;
  setPermit(hotkey: Hotkey, permit: boolean): void;
  /** Commits as if the miner had done it now. */
  commit(hotkey: Hotkey, data: Uint8Array | string): number;
  setHyperparameters(change: Partial<Hyperparameters>): void;
  setOwner(hotkey: Hotkey | null): void;
  /** Gives an account its free balance. Registrations are paid by those that have been given one, and cost others nothing. */
  fund(account: Hotkey, rao: bigint): void;
  /** Unix time of the newest block. */
  nowMs(): number;
  /** The chain stops (or goes on) storing what the beacon says. */
  stallBeacon(stalled: boolean): void;
  /** The next `times` calls of that operation reject with this failure. */
  failNext(operation: FakeOperation, failure: Failure, times?: number): void;
  /** Calls made so far, oldest first. */
  readonly calls: readonly { readonly operation: FakeOperation; readonly args: readonly unknown[] }[];
  /** Transactions that a block has taken and that succeeded there, oldest first. */
  readonly accepted: readonly { readonly operation: FakeOperation; readonly block: number; readonly epoch: number }[];
  /** Transactions that wait for a block (manual inclusion). */
  waiting(): number;
}

interface State {
  readonly hyperparameters: Hyperparameters;
  readonly neurons: readonly Neuron[];
  readonly weights: WeightState;
  readonly owner: Hotkey | null;
  readonly nonces: ReadonlyMap<Hotkey, number>;
  readonly lastEpochBlock: number;
  readonly epochIndex: number;
}

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
  let state: State = {
    hyperparameters: { ...DEFAULTS, ...options.hyperparameters },
    neurons: [],
    weights: NO_WEIGHTS,
    owner: null,
    nonces: new Map(),
    lastEpochBlock: start,
    epochIndex: 0,
  };
  const history = new Map<number, State>([[number, state]]);
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

  function refuse(method: string, error: string, known: Partial<RefusedCall> = {}): never {
    throw failureOfModuleError('SubtensorModule', error, { method, netuid, ...known });
  }

  function neuronOf(hotkey: Hotkey): Neuron | null {
    return state.neurons.find((neuron) => neuron.hotkey === hotkey) ?? null;
  }

  function stateAt(at: BlockRef): State {
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

  const subnet = (asked: number) => {
    if (asked !== netuid) throw chainFailure('chain.subnet_not_found', { netuid: asked });
  };

  const reader: ChainReader = {
    identity: () => identity,
    finalizedHead: async () => {
      enter('finalizedHead', []);
      return finalized();
    },
    blockAt: async (n) => {
      enter('blockAt', [n]);
      if (n > finalized().number) throw chainFailure('chain.block_not_finalized', { block: n, finalized: finalized().number });
      return refAt(n);
    },
    onFinalized: (listener) => {
      const own = (head: BlockRef) => listener(head);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    snapshot: async (asked, at) => {
      enter('snapshot', [asked, at]);
      subnet(asked);
      const block = at ?? finalized();
      const { hyperparameters, neurons } = stateAt(block);
      const snapshot: SubnetSnapshot = { genesis, netuid, block, specVersion: identity.specVersion, hyperparameters, neurons };
      return snapshot;
    },
    weightFacts: async (asked, mechanism, hotkey) => {
      enter('weightFacts', [asked, mechanism, hotkey]);
      subnet(asked);
      const block = finalized();
      const { hyperparameters, neurons, owner, nonces, lastEpochBlock, epochIndex, weights } = stateAt(block);
      const self = neurons.find((neuron) => neuron.hotkey === hotkey);
      const facts: WeightFacts = {
        block,
        netuid,
        mechanism,
        hotkey,
        nonce: nonces.get(hotkey) ?? 0,
        uid: self?.uid ?? null,
        registeredAt: self?.registeredAt ?? 0,
        lastUpdate: self?.lastUpdate ?? 0,
        validatorPermit: self?.validatorPermit ?? false,
        isOwner: owner === hotkey,
        ownerHotkey: owner,
        stakeRao: self?.stakeRao ?? 0n,
        stakeThresholdRao: options.stakeThresholdRao ?? 0n,
        neuronCount: neurons.length,
        minAllowedWeights: hyperparameters.minAllowedWeights,
        weightsVersionKey: hyperparameters.weightsVersionKey,
        rateLimitBlocks: hyperparameters.weightsRateLimitBlocks,
        commitRevealEnabled: hyperparameters.commitRevealEnabled,
        commitReveal: commitRevealOf(weights, mechanism, hotkey, {
          hyperparameters,
          byHash: options.hashCommits !== false,
          timelockVersion: options.timelocked === false ? null : FAKE_TIMELOCK_VERSION,
          beacon: beacon(block.number),
        }),
        stored: self === undefined ? [] : (weights.rows.get(`${mechanism}/${self.uid}`) ?? []),
        tempo: hyperparameters.tempo,
        epochClock:
          options.statefulEpochs === false
            ? null
            : { lastEpochBlock, pendingEpochAt: 0, index: epochIndex, blocksSinceLastStep: block.number - lastEpochBlock },
      };
      return facts;
    },
    weightsOf: async (asked, mechanism, uid, at) => {
      enter('weightsOf', [asked, mechanism, uid, at]);
      subnet(asked);
      return stateAt(at ?? finalized()).weights.rows.get(`${mechanism}/${uid}`) ?? [];
    },
    weightRows: async (asked, mechanism, uids, at) => {
      enter('weightRows', [asked, mechanism, uids, at]);
      subnet(asked);
      const { rows } = stateAt(at).weights;
      return uids.map((uid) => rows.get(`${mechanism}/${uid}`) ?? []);
    },
    timelockedReveals: async (asked, mechanism, at) => {
      enter('timelockedReveals', [asked, mechanism, at]);
      subnet(asked);
      return stateAt(at)
        .weights.reveals.filter((opened) => opened.mechanism === mechanism)
        .map(({ hotkey }) => hotkey);
    },
    epochInput: async (asked, mechanism) => {
      subnet(asked);
      const { hyperparameters, neurons, owner, lastEpochBlock, weights } = stateAt(finalized());
      return fakeEpochInput({ ...weights, mechanism, hyperparameters, neurons, owner, lastEpochBlock, block: finalized().number });
    },
    balanceOf: async (account) => balances.get(account) ?? 0n,
    runtime: () => ({
      specVersion: identity.specVersion,
      registry: 'selective_metagraph',
      epochClock: options.statefulEpochs === false ? 'formula' : 'state',
      weightCalls: ['set_weights', 'commit_weights', 'reveal_weights', 'commit_timelocked_weights'],
      nodeCalls: [
        ['set_weights', '7.0'],
        ['commit_weights', '7.96'],
        ['reveal_weights', '7.97'],
        ['commit_timelocked_weights', '7.113'],
        ['serve_axon', '7.4'],
        ['set_commitment', '18.0'],
      ].map(([name = '', number = '']) => ({ name, number })),
      errors: ['SettingWeightsTooFast', 'HotKeyNotRegisteredInSubNet'].map((name, index) => ({
        pallet: 'SubtensorModule',
        index,
        name,
        documentation: '',
      })),
    }),
  };

  const writer: ChainWriter = {
    setWeights: (signer, request) => {
      const method = request.mechanism === 0 ? 'set_weights' : 'set_mechanism_weights';
      return transact(
        'setWeights',
        method,
        [signer.hotkey, request],
        () => {
          withWeights((weights, around) => setWeights(weights, around, signer.hotkey, request, method));
          replaceNeuron(signer.hotkey, { lastUpdate: number });
        },
        request,
      );
    },
    commitWeights: (signer, request) =>
      transact(
        'commitWeights',
        'commit_weights',
        [signer.hotkey, request],
        () => {
          withWeights((weights, around) => commitWeights(weights, around, signer.hotkey, request));
          replaceNeuron(signer.hotkey, { lastUpdate: number });
        },
        request,
      ),
    revealWeights: (signer, request) =>
      transact('revealWeights', 'reveal_weights', [signer.hotkey, request], () => {
        withWeights((weights, around) => revealWeights(weights, around, signer.hotkey, request));
      }),
    commitTimelocked: (signer, request) =>
      transact(
        'commitTimelocked',
        'commit_timelocked_weights',
        [signer.hotkey, request],
        () => {
          const entry = { ...request, digest: timelockedDigest(request.commit) };
          withWeights((weights, around) => commitTimelocked(weights, around, signer.hotkey, entry, beacon(number)));
          replaceNeuron(signer.hotkey, { lastUpdate: number });
        },
        request,
      ),
    serveAxon: (signer, asked, endpoint) => {
      const method = endpoint.peerKey === null ? 'serve_axon' : 'serve_axon_tls';
      return transact('serveAxon', method, [signer.hotkey, asked, endpoint], () => {
        const self = (asked === netuid ? neuronOf(signer.hotkey) : null) ?? refuse(method, 'HotKeyNotRegisteredInNetwork');
        if (endpoint.ip === '127.0.0.1' || endpoint.ip === '::1') refuse(method, 'InvalidIpAddress');
        const nextAt = (self.axon?.block ?? -Infinity) + state.hyperparameters.servingRateLimitBlocks;
        if (number < nextAt) refuse(method, 'ServingRateLimitExceeded', { blocksLeft: nextAt - number });
        if (endpoint.port === 0) refuse(method, 'InvalidPort');
        const peerKey = endpoint.peerKey === null ? (self.axon?.peerKey ?? null) : toHex(endpoint.peerKey);
        const { ip, port, protocol, version } = endpoint;
        replaceNeuron(signer.hotkey, { axon: { ip, port, protocol, version, block: number, peerKey } });
      });
    },
    setCommitment: (signer, asked, data) =>
      transact('setCommitment', 'set_commitment', [signer.hotkey, asked, data], () => {
        if (asked !== netuid || neuronOf(signer.hotkey) === null) refuse('set_commitment', 'AccountNotAllowedCommit');
        replaceNeuron(signer.hotkey, { commitment: { block: number, data: toHex(data) } });
      }),
    burnedRegister: (coldkey, asked, hotkey, limitRao) =>
      transact('burnedRegister', 'burned_register', [coldkey.hotkey, asked, hotkey], () => {
        const method = 'burned_register';
        if (asked !== netuid) refuse(method, 'SubnetNotExists');
        if (!state.hyperparameters.registrationAllowed) refuse(method, 'SubNetRegistrationDisabled');
        if (neuronOf(hotkey) !== null) refuse(method, 'HotKeyAlreadyRegisteredInSubNet');
        if (state.neurons.length >= state.hyperparameters.maxUids) refuse(method, 'NoNeuronIdAvailable');
        const priceRao = state.hyperparameters.burnRao;
        if (limitRao !== undefined && priceRao > limitRao) refuse(method, 'RegistrationPriceLimitExceeded', { priceRao, limitRao });
        seat(hotkey, { coldkey: coldkey.hotkey });
        const balance = balances.get(coldkey.hotkey);
        if (balance !== undefined) balances.set(coldkey.hotkey, balance - priceRao);
      }),
    addStake: (coldkey, asked, hotkey, amountRao) =>
      transact('addStake', 'add_stake', [coldkey.hotkey, asked, hotkey, amountRao], () => {
        if (asked !== netuid) refuse('add_stake', 'SubnetNotExists');
        const self = neuronOf(hotkey) ?? refuse('add_stake', 'HotKeyAccountNotExists');
        replaceNeuron(hotkey, { stakeRao: self.stakeRao + amountRao });
      }),
  };

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
    setOwner: (owner) => change(() => (state = { ...state, owner })),
    failNext: (operation, failure, times = 1) => {
      planned.set(operation, [...(planned.get(operation) ?? []), ...Array.from({ length: times }, () => failure)]);
    },
    calls,
    accepted,
    waiting: () => pool.length,
  };
}
