import { Metadata, TypeRegistry } from '@polkadot/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import type { GenerationName } from '../../../../chain/devchain/generation.js';
import { devAddress, devGenesis, writeGenesis } from '../../../../chain/devchain/genesis.js';
import { encodeMetadata } from '../../../../chain/devchain/metadata.js';
import { lastUpdate, validatorPermit } from '../../../../chain/devchain/pallets/subtensor/storage.js';
import { createRuntime } from '../../../../chain/devchain/runtime.js';
import { createReader, encode, type Type, toHex, u8, u16, vec } from '../../../../chain/devchain/scale.js';
import { createOverlay } from '../../../../chain/devchain/state.js';
import { SUBTENSOR_EXTENSIONS } from '../../../../chain/substrate/extensions.js';

const NETUID = 1;
const BLOCK = 77;

/** A runtime, a subnet with some neurons in it, and the client library's reader of its answers. */
function subnetOf(neurons: number, generation: GenerationName = 'clock') {
  const runtime = createRuntime({ blockTimeMs: 250, generation });
  const store = createOverlay({ get: () => null, keysWith: () => [] });
  const account = (kind: number, i: number) => `0x${((kind << 24) + i).toString(16).padStart(64, '0')}`;
  const registry = new TypeRegistry();
  // Safety: toHex writes 0x first.
  const metadata = new Metadata(registry, toHex(encodeMetadata(runtime, 15)) as `0x${string}`);
  registry.setMetadata(metadata, undefined, SUBTENSOR_EXTENSIONS);
  const ss58 = (hex: string) => registry.createType('AccountId', hex).toString();
  const seats = Array.from({ length: neurons }, (_, i) => ({
    hotkey: ss58(account(1, i)),
    coldkey: ss58(account(2, i)),
    stakeRao: BigInt(i) * 1_000_000_000n,
    axon: { ip: 0x0a000001 + i, port: 9000 },
    commitment: new Uint8Array(80).fill(200),
  }));
  writeGenesis(store, devGenesis({ subnet: { maxUids: 4096, neurons: seats } }));
  const ask = (name: string, ...args: [Type<unknown>, unknown][]) => {
    const method = runtime.apis.find((candidate) => candidate.name === name);
    if (method === undefined) throw new Error(`no method ${name}`);
    const encoded = new Uint8Array(Buffer.concat(args.map(([type, value]) => encode(type, value))));
    const answer = method.answer({ store, block: BLOCK, rules: runtime.generation.rules }, createReader(encoded));
    const declared = metadata.asV15.apis.flatMap(({ methods }) => [...methods]).find((candidate) => candidate.name.toString() === name);
    const read = registry.createType(registry.createLookupType(declared!.output), answer);
    expect(read.encodedLength, 'bytes').to.equal(answer.length);
    return read.toJSON() as unknown as Record<string, unknown>;
  };
  return { store, ask };
}

describe('the metagraph in one call', () => {
  before(() => cryptoWaitReady());

  it('answers the parts asked for and no others', () => {
    const { store, ask } = subnetOf(3);
    validatorPermit.put(store, NETUID, [false, true, false, true]);
    const answer = ask('get_selective_metagraph', [u16, NETUID], [vec(u16), [0, 7, 8, 30, 52, 53, 55, 57, 69, 72, 73, 999]]);
    expect(answer).to.include({ netuid: NETUID, block: BLOCK, tempo: 20, numUids: 4, name: null, kappa: null, emission: null });
    expect(answer['hotkeys']).to.have.lengthOf(4).and.include(devAddress('//AliceHot'));
    const axons = answer['axons'] as { port: number; ip: number }[];
    expect(axons.map(({ port }) => port)).to.deep.equal([0, 9000, 9000, 9000]);
    expect(Number(axons[2]?.ip)).to.equal(0x0a000002);
    expect(answer['validatorPermit']).to.deep.equal([false, true, false, true]);
    expect(answer['totalStake']).to.deep.equal([0, 0, 1_000_000_000, 2_000_000_000]);
    // The poorest first, and nobody without stake.
    expect(answer['validators']).to.deep.equal([3]);
    const commitments = answer['commitments'] as [string, number[]][];
    expect(commitments).to.have.lengthOf(3);
    // A deposit of 8 bytes, the block, one field: its variant and 80 bytes.
    expect(commitments[0]?.[1]).to.deep.equal([...new Array<number>(12).fill(0), 4, 81, ...new Array<number>(80).fill(200)]);
  });

  it('leaves the number of the subnet out unless it is asked for, as the runtime does', () => {
    const { ask } = subnetOf(0);
    expect(ask('get_selective_metagraph', [u16, NETUID], [vec(u16), [8]])).to.include({ netuid: 0, tempo: 20 });
    expect(ask('get_selective_mechagraph', [u16, NETUID], [u8, 0], [vec(u16), [8]])).to.include({ netuid: NETUID, tempo: 20 });
    expect(ask('get_selective_metagraph', [u16, 4000], [vec(u16), [8]])).to.equal(null);
  });

  it('reads last updates of the mechanism asked for', () => {
    const { store, ask } = subnetOf(1);
    lastUpdate.put(store, 4096 + NETUID, [3n, 5n]);
    expect(ask('get_selective_mechagraph', [u16, NETUID], [u8, 1], [vec(u16), [59]])['lastUpdate']).to.deep.equal([3, 5]);
    expect(ask('get_selective_mechagraph', [u16, NETUID], [u8, 0], [vec(u16), [59]])['lastUpdate']).to.deep.equal([0, 0]);
  });

  it('agrees with the whole metagraph and with the neurons', () => {
    const { ask } = subnetOf(5);
    const every = Array.from({ length: 72 }, (_, i) => i);
    const { validators, commitments, ...parts } = ask('get_selective_metagraph', [u16, NETUID], [vec(u16), every]);
    expect([validators, commitments]).to.deep.equal([null, null]);
    expect(parts).to.deep.equal(ask('get_metagraph', [u16, NETUID]));
    const neurons = ask('get_neurons_lite', [u16, NETUID]) as unknown as { hotkey: string; axonInfo: unknown; stake: [string, number][] }[];
    expect(neurons.map(({ hotkey }) => hotkey)).to.deep.equal(parts['hotkeys']);
    expect(neurons.map(({ axonInfo }) => axonInfo)).to.deep.equal(parts['axons']);
    expect(neurons.map(({ stake }) => stake[0]?.[1])).to.deep.equal(parts['alphaStake']);
    expect(ask('get_neuron_lite', [u16, NETUID], [u16, 2])).to.deep.equal(neurons[2]);
    expect(ask('get_neuron_lite', [u16, NETUID], [u16, 6])).to.equal(null);
  });

  it('was not there in the oldest generation, whose neurons came as bytes', () => {
    const { ask } = subnetOf(1, 'storage');
    expect(() => ask('get_selective_metagraph', [u16, NETUID], [vec(u16), [8]])).to.throw('no method');
    expect(ask('get_neuron_lite', [u16, NETUID], [u16, 9])).to.equal('0x');
    expect(String(ask('get_neurons_lite', [u16, NETUID]))).to.have.length.greaterThan(300);
  });

  it('names hyperparameters and the next epoch', () => {
    const { ask } = subnetOf(0);
    const named = ask('get_subnet_hyperparams_v3', [u16, NETUID]) as unknown as { name: string; value: unknown }[];
    const tempo = named.find(({ name }) => Buffer.from(name.slice(2), 'hex').toString() === 'tempo');
    expect(tempo?.value).to.deep.equal({ u16: 20 });
    expect(ask('get_next_epoch_start_block', [u16, NETUID])).to.equal(20);
  });
});
