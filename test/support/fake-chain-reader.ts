/** The chain in memory as it is read: finalized blocks, and what was true at them. */
import { chainFailure } from '../../chain/failures.js';
import type { ChainIdentity, ChainReader, WeightFacts } from '../../chain/ports.js';
import type { BlockRef, Hash, Hotkey, SubnetSnapshot } from '../../chain/snapshot.js';
import type { FakeChainOptions, FakeOperation, FakeState } from './fake-chain-shape.js';
import { fakeEpochInput } from './fake-epoch.js';
import { type beaconAt, commitRevealOf, FAKE_TIMELOCK_VERSION } from './fake-weights.js';

export interface ReaderInside {
  readonly netuid: number;
  readonly genesis: Hash;
  readonly identity: ChainIdentity;
  readonly options: FakeChainOptions;
  readonly listeners: Set<(head: BlockRef) => void>;
  readonly balances: ReadonlyMap<Hotkey, bigint>;
  /** Counts the call, and fails it where that was planned. */
  readonly enter: (operation: FakeOperation, args: readonly unknown[]) => void;
  readonly finalized: () => BlockRef;
  readonly refAt: (number: number) => BlockRef;
  readonly stateAt: (at: BlockRef) => FakeState;
  readonly beacon: (number: number) => ReturnType<typeof beaconAt>;
  readonly timeAt: (number: number) => number;
}

export function createFakeReader(inside: ReaderInside): ChainReader {
  const { netuid, genesis, identity, options, listeners, balances, enter, finalized, refAt, stateAt, beacon, timeAt } = inside;
  const subnet = (asked: number) => {
    if (asked !== netuid) throw chainFailure('chain.subnet_not_found', { netuid: asked });
  };

  return {
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
    weightFacts: async (asked, mechanism, hotkey, at) => {
      enter('weightFacts', [asked, mechanism, hotkey, at]);
      subnet(asked);
      const block = at ?? finalized();
      const { hyperparameters, neurons, owner, safeModeUntil, nonces, lastEpochBlock, epochIndex, weights } = stateAt(block);
      const self = neurons.find((neuron) => neuron.hotkey === hotkey);
      const facts: WeightFacts = {
        block,
        timeMs: timeAt(block.number),
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
        safeModeUntil,
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
}
