/** The calls that the chain in memory takes: same refusals in the same order as the real one. */
import { timelockedDigest } from '../../chain/commit-hash.js';
import type { Bounded, ChainWriter, Inclusion } from '../../chain/ports.js';
import { failureOfModuleError, type RefusedCall } from '../../chain/refusals.js';
import type { Hotkey, Neuron, Uid } from '../../chain/snapshot.js';
import { toHex } from '../../protocol/digest.js';
import type { FakeOperation, FakeState, Registering } from './fake-chain-shape.js';
import {
  type beaconAt,
  commitTimelocked,
  commitWeights,
  revealWeights,
  type Surroundings,
  setWeights,
  type WeightState,
} from './fake-weights.js';

export interface WriterInside {
  readonly netuid: number;
  readonly balances: Map<Hotkey, bigint>;
  /** Of the block that is being made. */
  readonly number: () => number;
  readonly state: () => FakeState;
  readonly beacon: (number: number) => ReturnType<typeof beaconAt>;
  readonly neuronOf: (hotkey: Hotkey) => Neuron | null;
  readonly replaceNeuron: (hotkey: Hotkey, change: Partial<Neuron>) => void;
  readonly seat: (hotkey: Hotkey, how: Registering) => Uid;
  readonly withWeights: (apply: (weights: WeightState, around: Surroundings) => WeightState) => void;
  /** Queues a transaction: `run` is the dispatch, in a block; what it throws is the refusal. */
  readonly transact: (
    operation: FakeOperation,
    method: string,
    args: readonly [hotkey: Hotkey, ...unknown[]],
    run: () => void,
    bounded?: Bounded,
  ) => Promise<Inclusion>;
}

export function createFakeWriter(inside: WriterInside): ChainWriter {
  const { netuid, balances, beacon, neuronOf, replaceNeuron, seat, withWeights, transact } = inside;

  function refuse(method: string, error: string, known: Partial<RefusedCall> = {}): never {
    throw failureOfModuleError('SubtensorModule', error, { method, netuid, ...known });
  }

  return {
    setWeights: (signer, request) => {
      const method = request.mechanism === 0 ? 'set_weights' : 'set_mechanism_weights';
      return transact(
        'setWeights',
        method,
        [signer.hotkey, request],
        () => {
          withWeights((weights, around) => setWeights(weights, around, signer.hotkey, request, method));
          replaceNeuron(signer.hotkey, { lastUpdate: inside.number() });
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
          replaceNeuron(signer.hotkey, { lastUpdate: inside.number() });
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
          withWeights((weights, around) => commitTimelocked(weights, around, signer.hotkey, entry, beacon(inside.number())));
          replaceNeuron(signer.hotkey, { lastUpdate: inside.number() });
        },
        request,
      ),
    serveAxon: (signer, asked, endpoint) => {
      const method = endpoint.peerKey === null ? 'serve_axon' : 'serve_axon_tls';
      return transact('serveAxon', method, [signer.hotkey, asked, endpoint], () => {
        const self = (asked === netuid ? neuronOf(signer.hotkey) : null) ?? refuse(method, 'HotKeyNotRegisteredInNetwork');
        if (endpoint.ip === '127.0.0.1' || endpoint.ip === '::1') refuse(method, 'InvalidIpAddress');
        const nextAt = (self.axon?.block ?? -Infinity) + inside.state().hyperparameters.servingRateLimitBlocks;
        if (inside.number() < nextAt) refuse(method, 'ServingRateLimitExceeded', { blocksLeft: nextAt - inside.number() });
        if (endpoint.port === 0) refuse(method, 'InvalidPort');
        const peerKey = endpoint.peerKey === null ? (self.axon?.peerKey ?? null) : toHex(endpoint.peerKey);
        const { ip, port, protocol, version } = endpoint;
        replaceNeuron(signer.hotkey, { axon: { ip, port, protocol, version, block: inside.number(), peerKey } });
      });
    },
    setCommitment: (signer, asked, data) =>
      transact('setCommitment', 'set_commitment', [signer.hotkey, asked, data], () => {
        if (asked !== netuid || neuronOf(signer.hotkey) === null) refuse('set_commitment', 'AccountNotAllowedCommit');
        replaceNeuron(signer.hotkey, { commitment: { block: inside.number(), data: toHex(data) } });
      }),
    burnedRegister: (coldkey, asked, hotkey, limitRao) =>
      transact('burnedRegister', 'burned_register', [coldkey.hotkey, asked, hotkey], () => {
        const method = 'burned_register';
        if (asked !== netuid) refuse(method, 'SubnetNotExists');
        if (!inside.state().hyperparameters.registrationAllowed) refuse(method, 'SubNetRegistrationDisabled');
        if (neuronOf(hotkey) !== null) refuse(method, 'HotKeyAlreadyRegisteredInSubNet');
        if (inside.state().neurons.length >= inside.state().hyperparameters.maxUids) refuse(method, 'NoNeuronIdAvailable');
        const priceRao = inside.state().hyperparameters.burnRao;
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
}
