import { bls12_381 } from '@noble/curves/bls12-381';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  beaconDifference,
  publicKeyOf,
  QUICKNET,
  randomnessOf,
  readG1,
  readG2,
  roundAt,
  signRound,
  timeOfRound,
  verifyRound,
} from '../../../chain/beacon.js';
import { fromHex, sha256, toHex } from '../../../protocol/digest.js';
import timelock from '../../vectors/timelock.json' with { type: 'json' };

const SIGNATURE = fromHex(timelock.signature);

describe('the clock of a beacon', () => {
  it('opens a round each period, the first at its genesis', () => {
    expect(roundAt(QUICKNET, QUICKNET.genesisSeconds - 1)).to.equal(0);
    expect(roundAt(QUICKNET, QUICKNET.genesisSeconds)).to.equal(1);
    expect(roundAt(QUICKNET, QUICKNET.genesisSeconds + 2.9)).to.equal(1);
    expect(roundAt(QUICKNET, QUICKNET.genesisSeconds + 3)).to.equal(2);
    expect(timeOfRound(QUICKNET, 1000)).to.equal(1_692_806_364);
  });

  it('goes both ways, for every period', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(2 ** 31),
        (round, periodSeconds, genesisSeconds) => {
          const clock = { periodSeconds, genesisSeconds };
          expect(roundAt(clock, timeOfRound(clock, round))).to.equal(round);
          expect(roundAt(clock, timeOfRound(clock, round) - 0.5)).to.equal(round - 1);
        },
      ),
    );
  });
});

describe('the signature of a round', () => {
  it('is known of quicknet’s round 1000, and of no other', () => {
    expect(verifyRound(QUICKNET.publicKey, 1_000, SIGNATURE)).to.equal(true);
    expect(verifyRound(QUICKNET.publicKey, 1_001, SIGNATURE)).to.equal(false);
    expect(toHex(randomnessOf(SIGNATURE))).to.equal(toHex(sha256(SIGNATURE)));
  });

  it('can be made by a beacon of our own, and fits no other key', () => {
    for (const secret of [sha256('one'), new Uint8Array(32).fill(255)]) {
      const key = publicKeyOf(secret);
      const signature = signRound(secret, 7);
      expect(signature.length).to.equal(48);
      expect(key.length).to.equal(192);
      expect(toHex(signRound(secret, 7))).to.equal(toHex(signature));
      expect(verifyRound(key, 7, signature)).to.equal(true);
      expect(verifyRound(key, 8, signature)).to.equal(false);
      expect(verifyRound(publicKeyOf(sha256('two')), 7, signature)).to.equal(false);
    }
    expect(() => publicKeyOf(new Uint8Array(32))).to.throw(RangeError);
    expect(() => signRound(sha256('one'), 0)).to.throw(RangeError);
  });

  it('is refused, never thrown over, when the bytes mean nothing', () => {
    const flipped = SIGNATURE.with(47, SIGNATURE[47]! ^ 1);
    for (const bytes of [new Uint8Array(), new Uint8Array(48), SIGNATURE.slice(1), flipped, fromHex(QUICKNET.publicKey)])
      expect(verifyRound(QUICKNET.publicKey, 1_000, bytes)).to.equal(false);
    for (const key of ['', 'zz', '00'.repeat(96), QUICKNET.publicKey.slice(2)]) expect(verifyRound(key, 1_000, SIGNATURE)).to.equal(false);
  });
});

describe('points from foreign bytes', () => {
  it('are refused at zero, outside of the subgroup, and uncompressed', () => {
    const { G1, G2 } = bls12_381;
    expect(readG1(fromHex(`c0${'00'.repeat(47)}`))).to.equal(null);
    expect(readG2(fromHex(`c0${'00'.repeat(95)}`))).to.equal(null);
    expect(readG1(G1.Point.BASE.toBytes(false))).to.equal(null);
    expect(readG2(G2.Point.BASE.toBytes(false))).to.equal(null);
    expect(readG1(G1.Point.BASE.toBytes(true))!.equals(G1.Point.BASE)).to.equal(true);
    expect(readG1(outsideOfSubgroup())).to.equal(null);
  });

  it('are refused when a coordinate is not reduced', () => {
    const { fields, G1 } = bls12_381;
    const room = (1n << 381n) - fields.Fp.ORDER;
    let point = G1.Point.BASE;
    while (point.toAffine().x >= room) point = point.add(G1.Point.BASE);
    const plain = point.toBytes(true);
    expect(readG1(plain)!.equals(point)).to.equal(true);
    const unreduced = fromHex((point.toAffine().x + fields.Fp.ORDER).toString(16).padStart(96, '0'));
    expect(readG1(unreduced.with(0, unreduced[0]! | (plain[0]! & 0xe0)))).to.equal(null);
  });
});

describe('a pinned beacon', () => {
  it('is the one with the same key and the same clock', () => {
    expect(beaconDifference({ ...QUICKNET }, QUICKNET)).to.equal(null);
    for (const [field, actual] of [
      ['publicKey', 'ab'],
      ['genesisSeconds', 1],
      ['periodSeconds', 30],
    ] as const) {
      expect(beaconDifference({ ...QUICKNET, [field]: actual }, QUICKNET)).to.deep.equal({ field, expected: QUICKNET[field], actual });
    }
  });
});

/** The compressed form of a point of the curve of G1 that the group does not have. */
function outsideOfSubgroup(): Uint8Array {
  const { Fp } = bls12_381.fields;
  for (let x = 1n; ; x += 1n) {
    const square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n);
    try {
      const point = bls12_381.G1.Point.fromAffine({ x, y: Fp.sqrt(square) });
      if (point.isTorsionFree()) continue;
      return fromHex(`80${x.toString(16).padStart(94, '0')}`);
    } catch {
      // No y for this x.
    }
  }
}
