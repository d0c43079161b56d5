import { blake2AsHex } from '@polkadot/util-crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { QUICKNET } from '../../../chain/beacon.js';
import { commitHash, storageIndexOf, timelockedDigest } from '../../../chain/commit-hash.js';
import type { RevealWeights } from '../../../chain/ports.js';
import { encryptTimelocked, TIMELOCKED_SIZE_BYTES_MAX } from '../../../chain/timelock.js';
import { decodeWeightPayload, encodeWeightPayload, TIMELOCKED_WEIGHTS_MAX } from '../../../chain/weight-payload.js';
import { fromHex, sha256, toHex } from '../../../protocol/digest.js';
import { type Hotkey, hotkeyFromPublicKey } from '../../../protocol/names.js';
import vectors from '../../vectors/weight-commits.json' with { type: 'json' };

const HOTKEY = vectors.hotkey as Hotkey;
const RANDOMNESS = { sigma: sha256('a'), secretKey: sha256('b'), nonce: new Uint8Array(12) };
const u16 = fc.nat(65_535);
const u64 = fc.bigInt(0n, (1n << 64n) - 1n);

describe('the hash of a weight commit', () => {
  for (const { hash, versionKey, ...rest } of vectors.commits)
    it(`is that of Python for subnet ${rest.netuid}, mechanism ${rest.mechanism}`, () => {
      expect(commitHash(HOTKEY, { ...rest, versionKey: BigInt(versionKey) })).to.equal(hash);
    });

  it('changes with everything that is in it', () => {
    const request: RevealWeights = { netuid: 1, mechanism: 0, uids: [1, 2], values: [3, 4], salt: [5], versionKey: 6n };
    const others: readonly Partial<RevealWeights>[] = [
      { netuid: 2 },
      { mechanism: 1 },
      { uids: [2, 1] },
      { values: [4, 3] },
      { salt: [6] },
      { salt: [] },
      { uids: [1, 2, 3], values: [4], salt: [5] },
      { versionKey: 7n },
    ];
    const hashes = [request, ...others.map((other) => ({ ...request, ...other }))].map((each) => commitHash(HOTKEY, each));
    expect(new Set([...hashes, commitHash(hotkeyFromPublicKey(sha256('other')), request)]).size).to.equal(others.length + 2);
  });

  it('is not made of numbers that do not fit', () => {
    const request: RevealWeights = { netuid: 1, mechanism: 0, uids: [1], values: [3], salt: [5], versionKey: 6n };
    for (const bad of [
      { uids: [65_536] },
      { values: [-1] },
      { salt: [0.5] },
      { versionKey: -1n },
      { versionKey: 1n << 64n },
      { mechanism: 16 },
    ])
      expect(() => commitHash(HOTKEY, { ...request, ...bad })).to.throw(RangeError);
  });

  it('keeps mechanisms apart', () => {
    expect(storageIndexOf(58, 0)).to.equal(58);
    expect(storageIndexOf(58, 2)).to.equal(8_250);
  });

  it('names a timelocked commit as its event does', () => {
    expect(timelockedDigest(sha256('x'))).to.equal(blake2AsHex(sha256('x'), 256));
  });
});

describe('the payload of a timelocked commit', () => {
  for (const { uids, values, versionKey, bytes } of vectors.payloads)
    it(`is that of Python for ${uids.length} weights`, () => {
      const payload = { hotkey: HOTKEY, uids, values, versionKey: BigInt(versionKey) };
      expect(toHex(encodeWeightPayload(payload))).to.equal(bytes);
      expect(decodeWeightPayload(fromHex(bytes))).to.deep.equal({ ok: true, value: payload });
    });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(u16, u16), { maxLength: 300 }),
        u64,
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (pairs, versionKey, key) => {
          const payload = {
            hotkey: hotkeyFromPublicKey(key),
            uids: pairs.map(([uid]) => uid),
            values: pairs.map(([, v]) => v),
            versionKey,
          };
          expect(decodeWeightPayload(encodeWeightPayload(payload))).to.deep.equal({ ok: true, value: payload });
        },
      ),
    );
  });

  it('takes 1,069 bytes for 256 weights, and 1,313 when locked', () => {
    const payload = encodeWeightPayload({ hotkey: HOTKEY, ...vectors.payloads[1]!, versionKey: 1n });
    expect(payload.length).to.equal(1_069);
    expect(encryptTimelocked(payload, 1, QUICKNET.publicKey, RANDOMNESS).length).to.equal(1_313);
  });

  it('fits when locked up to the bound, not beyond', () => {
    const sized = (count: number) => {
      const uids = Array.from({ length: count }, (_, uid) => uid);
      return encodeWeightPayload({ hotkey: HOTKEY, uids, values: uids, versionKey: 1n });
    };
    expect(encryptTimelocked(sized(TIMELOCKED_WEIGHTS_MAX), 1, QUICKNET.publicKey, RANDOMNESS).length).to.be.at.most(
      TIMELOCKED_SIZE_BYTES_MAX,
    );
    expect(() => encryptTimelocked(sized(TIMELOCKED_WEIGHTS_MAX + 1), 1, QUICKNET.publicKey, RANDOMNESS)).to.throw(RangeError);
  });

  it('is refused, never thrown over, when cut, longer, or strangely written', () => {
    const whole = fromHex(vectors.payloads[0]!.bytes);
    for (let length = 0; length < whole.length; length += 1) expect(decodeWeightPayload(whole.subarray(0, length)).ok).to.equal(false);
    expect(decodeWeightPayload(Uint8Array.of(...whole, 0))).to.deep.equal({ ok: false, error: '1 bytes too many' });
    expect(decodeWeightPayload(whole.with(0, 31 << 2)).ok).to.equal(false);
    // 32 written in two bytes, and a length of 2²⁰.
    expect(decodeWeightPayload(Uint8Array.of(129, 0, ...whole.subarray(1))).ok).to.equal(false);
    expect(decodeWeightPayload(Uint8Array.of(...whole.subarray(0, 33), 2, 0, 64, 0)).ok).to.equal(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void expect(decodeWeightPayload(noise).ok).to.be.a('boolean')));
  });
});
