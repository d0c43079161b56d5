/** The state a development chain begins with. */

import { Keyring } from '@polkadot/keyring';
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto';
import { sha256 } from '../../protocol/digest.js';
import { QUICKNET } from '../beacon.js';
import { type BeaconGenesis, configOf } from './beacon.js';
import { devchainFailure } from './failures.js';
import * as balances from './pallets/balances.js';
import { commitmentOf } from './pallets/commitments.js';
import { beaconConfig } from './pallets/drand.js';
import { associate, seatInGenesis } from './pallets/subtensor/registration.js';
import { increaseStake } from './pallets/subtensor/staking.js';
import * as stored from './pallets/subtensor/storage.js';
import { sudoKey } from './pallets/sudo.js';
import { SS58_PREFIX } from './pallets/system.js';
import { toHex } from './scale.js';
import { type AccountId, commitmentField } from './shapes.js';
import type { Store } from './storage-item.js';

export interface SubnetGenesis {
  readonly netuid: number;
  /** SS58; sits at uid 0, as after `register_network`. */
  readonly ownerHotkey: string;
  readonly ownerColdkey: string;
  readonly tempo: number;
  readonly minAllowedWeights: number;
  readonly weightsRateLimit: number;
  readonly weightsVersionKey: bigint;
  readonly maxValidators: number;
  readonly maxUids: number;
  readonly immunityPeriod: number;
  readonly servingRateLimit: number;
  readonly commitRevealEnabled: boolean;
  /** `CommitRevealWeightsVersion` stays 4. Epochs between commit and reveal. */
  readonly revealPeriodEpochs?: number;
  readonly mechanisms?: number;
  /** Price of the first registration, and the least it falls back to. */
  readonly registrationCostRao: bigint;
  /** Neurons that are there from the start, after the owner's at uid 0. */
  readonly neurons?: readonly GenesisNeuron[];
}

/** As if it had registered, served and committed in block 0. */
export interface GenesisNeuron {
  /** SS58. */
  readonly hotkey: string;
  readonly coldkey: string;
  readonly stakeRao: bigint;
  /** IPv4 as a number. */
  readonly axon: { readonly ip: number; readonly port: number } | null;
  /** One `Raw` field, or `BigRaw` when it is longer than 128 bytes; at most 512. */
  readonly commitment: Uint8Array | null;
}

export interface GenesisConfig {
  /** What `system_chain` answers. */
  readonly chain: string;
  /** SS58 → rao. */
  readonly balances: Readonly<Record<string, bigint>>;
  readonly subnets: readonly SubnetGenesis[];
  /** SS58 of the account that may use `sudo`. */
  readonly sudo: string;
  readonly beacon: BeaconGenesis;
  /** Blocks before an epoch in which nobody may change a hyperparameter. */
  readonly adminFreezeWindow: number;
  /** Epochs between two changes of one hyperparameter by its owner. */
  readonly ownerHyperparamEpochs: number;
}

const ROOT_NETUID = 0;
const RAO_PER_TAO = 1_000_000_000n;
const RICH_RAO = 1_000_000n * RAO_PER_TAO;

/** The pace of quicknet, signed with a key that everybody knows. */
export const DEV_BEACON: BeaconGenesis = {
  secret: sha256(new TextEncoder().encode('voxd development beacon')),
  periodSeconds: QUICKNET.periodSeconds,
  genesisSeconds: QUICKNET.genesisSeconds,
};

/** Key pairs of a development chain by their derivation path, such as `//Alice`. sr25519; `cryptoWaitReady` must have resolved. */
export function devAddress(uri: string): string {
  return new Keyring({ type: 'sr25519', ss58Format: SS58_PREFIX }).addFromUri(uri).address;
}

/**
 * A genesis for a quick local subnet: //Alice is sudo and rich (as are //Bob and //Charlie), subnet 1 belongs to //Alice with hotkey
 * //AliceHot at uid 0; 20 blocks to an epoch, plain weights every 5 blocks. `cryptoWaitReady` must have resolved.
 */
export function devGenesis(
  overrides: Partial<Omit<GenesisConfig, 'subnets'>> & { readonly subnet?: Partial<SubnetGenesis> } = {},
): GenesisConfig {
  const { subnet, ...rest } = overrides;
  const alice = devAddress('//Alice');
  return {
    chain: 'voxd development',
    balances: { [alice]: RICH_RAO, [devAddress('//Bob')]: RICH_RAO, [devAddress('//Charlie')]: RICH_RAO },
    sudo: alice,
    beacon: DEV_BEACON,
    adminFreezeWindow: 0,
    ownerHyperparamEpochs: 0,
    subnets: [
      {
        netuid: 1,
        ownerHotkey: devAddress('//AliceHot'),
        ownerColdkey: alice,
        tempo: 20,
        minAllowedWeights: 1,
        weightsRateLimit: 5,
        weightsVersionKey: 0n,
        maxValidators: 64,
        maxUids: 256,
        immunityPeriod: 100,
        servingRateLimit: 2,
        commitRevealEnabled: false,
        registrationCostRao: RAO_PER_TAO / 10n,
        ...subnet,
      },
    ],
    ...rest,
  };
}

/** Errors: devchain.bad_genesis. */
export function accountOf(ss58: string): AccountId {
  try {
    return toHex(decodeAddress(ss58));
  } catch (error) {
    throw devchainFailure('devchain.bad_genesis', { value: ss58.slice(0, 80) }, error);
  }
}

export function ss58Of(account: AccountId): string {
  return encodeAddress(account, SS58_PREFIX);
}

export function writeGenesis(store: Store, genesis: GenesisConfig): void {
  let issuance = 0n;
  for (const [ss58, rao] of Object.entries(genesis.balances)) {
    balances.credit(store, accountOf(ss58), rao);
    issuance += rao;
  }
  balances.totalIssuance.put(store, issuance);
  sudoKey.put(store, accountOf(genesis.sudo));
  beaconConfig.put(store, configOf(genesis.beacon));
  stored.adminFreezeWindow.put(store, genesis.adminFreezeWindow);
  stored.ownerHyperparamRateLimit.put(store, genesis.ownerHyperparamEpochs);
  stored.networksAdded.put(store, ROOT_NETUID, true);
  stored.totalNetworks.put(store, genesis.subnets.length);
  for (const subnet of genesis.subnets) writeSubnet(store, subnet);
}

function writeSubnet(store: Store, subnet: SubnetGenesis): void {
  const { netuid } = subnet;
  const coldkey = accountOf(subnet.ownerColdkey);
  const hotkey = accountOf(subnet.ownerHotkey);
  stored.networksAdded.put(store, netuid, true);
  stored.networkRegistrationAllowed.put(store, netuid, true);
  stored.networkRegisteredAt.put(store, netuid, 0n);
  stored.subtokenEnabled.put(store, netuid, true);
  stored.firstEmissionBlockNumber.put(store, netuid, 1n);
  stored.subnetOwner.put(store, netuid, coldkey);
  stored.subnetOwnerHotkey.put(store, netuid, hotkey);
  stored.tempo.put(store, netuid, subnet.tempo);
  stored.minAllowedWeights.put(store, netuid, subnet.minAllowedWeights);
  stored.weightsSetRateLimit.put(store, netuid, BigInt(subnet.weightsRateLimit));
  stored.weightsVersionKey.put(store, netuid, subnet.weightsVersionKey);
  stored.maxAllowedValidators.put(store, netuid, subnet.maxValidators);
  stored.maxAllowedUids.put(store, netuid, subnet.maxUids);
  stored.immunityPeriod.put(store, netuid, subnet.immunityPeriod);
  stored.servingRateLimit.put(store, netuid, BigInt(subnet.servingRateLimit));
  stored.commitRevealWeightsEnabled.put(store, netuid, subnet.commitRevealEnabled);
  stored.revealPeriodEpochs.put(store, netuid, BigInt(subnet.revealPeriodEpochs ?? 1));
  stored.minAllowedUids.put(store, netuid, 1);
  stored.burn.put(store, netuid, subnet.registrationCostRao);
  stored.minBurn.put(store, netuid, subnet.registrationCostRao);
  stored.lastEpochBlock.put(store, netuid, 0n);
  if ((subnet.mechanisms ?? 1) > 1) stored.mechanismCountCurrent.put(store, netuid, subnet.mechanisms ?? 1);
  associate(store, coldkey, hotkey);
  const neurons = subnet.neurons ?? [];
  seatInGenesis(store, netuid, [hotkey, ...neurons.map((neuron) => accountOf(neuron.hotkey))]);
  for (const neuron of neurons) writeNeuron(store, netuid, neuron);
}

function writeNeuron(store: Store, netuid: number, neuron: GenesisNeuron): void {
  const hotkey = accountOf(neuron.hotkey);
  associate(store, accountOf(neuron.coldkey), hotkey);
  stored.totalStake.put(store, stored.totalStake.get(store) + neuron.stakeRao);
  if (neuron.stakeRao > 0n) increaseStake(store, hotkey, accountOf(neuron.coldkey), netuid, neuron.stakeRao);
  if (neuron.axon !== null) {
    const { ip, port } = neuron.axon;
    stored.axons.put(store, netuid, hotkey, {
      block: 0n,
      version: 1,
      ip: BigInt(ip),
      port,
      ip_type: 4,
      protocol: 4,
      placeholder1: 0,
      placeholder2: 0,
    });
  }
  if (neuron.commitment !== null) {
    const info = { fields: [commitmentField(neuron.commitment)] };
    commitmentOf.put(store, netuid, hotkey, { deposit: 0n, block: 0, info });
  }
}
