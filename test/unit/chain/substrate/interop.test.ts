import { readFileSync } from 'node:fs';
import { TypeRegistry } from '@polkadot/types';
import { expect } from 'chai';
import { COMMITMENT_SIZE_BYTES, commitmentBytes, commitmentOf } from '../../../../chain/commitment.js';
import type { Axon } from '../../../../chain/snapshot.js';
import { commitmentCall, MAX_COMMITMENT_BYTES } from '../../../../chain/substrate/calls.js';
import { toBeacon, toHashCommit, toTimelockedCommits } from '../../../../chain/substrate/commit-reveal.js';
import { toAxon, toCommitment } from '../../../../chain/substrate/decode.js';
import { aHash, aHotkey, aModel } from '../../../support/keys.js';

interface Vectors {
  readonly axons: readonly { readonly bytes: string; readonly axon: Axon | null }[];
  readonly commitments: readonly { readonly bytes: string; readonly block: number; readonly text: string }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('../../../vectors/chain-interop.json', import.meta.url), 'utf8'));

const AXON = JSON.stringify({
  block: 'u64',
  version: 'u32',
  ip: 'u128',
  port: 'u16',
  ipType: 'u8',
  protocol: 'u8',
  placeholder1: 'u8',
  placeholder2: 'u8',
});

describe('interoperation with other programs of the subnet', () => {
  const registry = new TypeRegistry();

  it('reads axons as others serve them', () => {
    expect(vectors.axons.length).to.be.greaterThan(3);
    for (const { bytes, axon } of vectors.axons) {
      const json = registry.createTypeUnsafe(AXON, [Buffer.from(bytes, 'hex')]).toJSON();
      expect(toAxon(json, null), bytes).to.deep.equal(axon);
    }
  });

  it('reads commitments as others make them, and writes such as they read', () => {
    for (const { bytes, block, text } of vectors.commitments) {
      const size = Buffer.byteLength(text);
      const data = Buffer.from(text).toString('hex');
      expect(bytes.endsWith(`04${(size + 1).toString(16).padStart(2, '0')}${data}`)).to.equal(true);
      expect(toCommitment({ deposit: 0, block, info: { fields: [{ [`raw${size}`]: `0x${data}` }] } })).to.deep.equal({ block, data });
      expect(commitmentCall(3, Buffer.from(text)).args).to.deep.equal([3, { fields: [{ [`Raw${size}`]: `0x${data}` }] }]);
    }
  });

  it('commits text that a reader of the first field as UTF-8 gets back unchanged', () => {
    const bytes = commitmentBytes(commitmentOf(aHotkey(1), aModel(1)));
    expect(Buffer.from(new TextDecoder().decode(bytes), 'utf8')).to.deep.equal(Buffer.from(bytes));
    expect(bytes.length).to.equal(COMMITMENT_SIZE_BYTES).and.to.be.at.most(MAX_COMMITMENT_BYTES);
    expect(() => commitmentCall(1, new Uint8Array(MAX_COMMITMENT_BYTES + 1))).to.throw(RangeError);
  });
});

describe('decoding what is committed', () => {
  const facts = { block: { number: 5_000, hash: aHash('b') }, netuid: 3, tempo: 99, epochClock: null };

  it('reads commits by hash in both shapes', () => {
    expect(toHashCommit([aHash(1), 41, 4_200, 0], facts)).to.deep.equal({ hash: aHash(1), epoch: 41, block: 4_200 });
    // (4200 + 3 + 1) / (99 + 1)
    expect(toHashCommit([aHash(1), 4_200, 4_296, 4_396], facts)).to.deep.equal({ hash: aHash(1), epoch: 42, block: 4_200 });
    expect(() => toHashCommit(['0x12', 1, 2, 0], facts)).to.throw('not a hash');
  });

  it('picks the timelocked commits of one hotkey', () => {
    const entries = [
      [aHotkey('a'), 10, '0x0102', 77],
      [aHotkey('b'), 11, '0x03', 78],
      [aHotkey('a'), 12, '0x', 79],
    ];
    const found = toTimelockedCommits(entries, 9, aHotkey('a'));
    expect(found.map(({ epoch, block, round }) => [epoch, block, round])).to.deep.equal([
      [9, 10, 77],
      [9, 12, 79],
    ]);
    // blake2b-256 of nothing.
    expect(found[1]?.digest).to.equal('0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8');
    expect(toTimelockedCommits(null, 9, aHotkey('a'))).to.deep.equal([]);
  });

  it('reads the beacon, or that there is none', () => {
    const config = { publicKey: `0x${'ab'.repeat(96)}`, period: 3, genesisTime: 1_692_803_367 };
    expect(toBeacon(config, '0xff')).to.deep.equal({
      publicKey: 'ab'.repeat(96),
      periodSeconds: 3,
      genesisSeconds: 1_692_803_367,
      lastStoredRound: 255,
    });
    expect(toBeacon(null, null)).to.equal(null);
    expect(toBeacon({ publicKey: '0x', period: 0, genesisTime: 0 }, 0)).to.equal(null);
    expect(toBeacon(config, null)?.lastStoredRound).to.equal(0);
  });
});
