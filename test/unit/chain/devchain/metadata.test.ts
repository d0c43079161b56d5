import { Metadata, TypeRegistry } from '@polkadot/types';
import { expect } from 'chai';
import { encodeMetadata, METADATA_VERSIONS } from '../../../../chain/devchain/metadata.js';
import { createRuntime } from '../../../../chain/devchain/runtime.js';
import { toHex } from '../../../../chain/devchain/scale.js';
import { storagePrefix } from '../../../../chain/devchain/storage-item.js';

describe('devchain metadata', () => {
  const runtime = createRuntime({ blockTimeMs: 250 });

  for (const version of METADATA_VERSIONS) {
    it(`is read by the client library in version ${version}`, () => {
      const registry = new TypeRegistry();
      // Safety: toHex writes 0x first.
      const metadata = new Metadata(registry, toHex(encodeMetadata(runtime, version)) as `0x${string}`);
      registry.setMetadata(metadata);
      const indices = Object.fromEntries(metadata.asLatest.pallets.map((pallet) => [pallet.name.toString(), pallet.index.toNumber()]));
      expect(indices).to.include({
        System: 0,
        Timestamp: 2,
        Aura: 3,
        Balances: 5,
        SubtensorModule: 7,
        Sudo: 12,
        Commitments: 18,
        AdminUtils: 19,
        Drand: 26,
      });
      const subtensor = metadata.asLatest.pallets.find(({ name }) => name.toString() === 'SubtensorModule');
      const calls = registry.lookup.getSiType(subtensor!.calls.unwrap().type).def.asVariant.variants;
      const byName = Object.fromEntries(calls.map(({ name, index }) => [name.toString(), index.toNumber()]));
      expect(byName).to.deep.equal({
        set_weights: 0,
        add_stake: 2,
        remove_stake: 3,
        serve_axon: 4,
        serve_prometheus: 5,
        register: 6,
        burned_register: 7,
        serve_axon_tls: 40,
        root_register: 62,
        set_children: 67,
        swap_hotkey: 70,
        swap_hotkey_v2: 72,
        batch_set_weights: 80,
        commit_weights: 96,
        reveal_weights: 97,
        batch_reveal_weights: 98,
        batch_commit_weights: 100,
        commit_timelocked_weights: 113,
        commit_mechanism_weights: 115,
        reveal_mechanism_weights: 116,
        commit_crv3_mechanism_weights: 117,
        commit_timelocked_mechanism_weights: 118,
        set_mechanism_weights: 119,
        register_limit: 134,
        set_tempo: 139,
        set_activity_cutoff_factor: 140,
        trigger_epoch: 141,
      });
    });
  }

  it('stores under the prefixes of the public networks', () => {
    expect(storagePrefix('Commitments', 'CommitmentOf')).to.equal('0xca407206ec1ab726b2636c4b145ac287419a60ae8b01e6dcaebd7317e43c69bf');
    expect(storagePrefix('SubtensorModule', 'Uids')).to.equal('0x658faa385070e074c85bf6b568cf0555aab1b4e78e1ea8305462ee53b3686dc8');
  });
});
