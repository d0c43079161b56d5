import { expect } from 'chai';
import fc from 'fast-check';
import { publicKeyOf, QUICKNET, signRound } from '../../../chain/beacon.js';
import {
  decryptTimelocked,
  encryptTimelocked,
  TIMELOCK_OVERHEAD_BYTES,
  TIMELOCKED_SIZE_BYTES_MAX,
  type TimelockRandomness,
} from '../../../chain/timelock.js';
import { fromHex, sha256, toHex } from '../../../protocol/digest.js';
import vectors from '../../vectors/timelock.json' with { type: 'json' };

const SIGNATURE = fromHex(vectors.signature);
const RANDOMNESS: TimelockRandomness = {
  sigma: fromHex(vectors.randomness.sigma),
  secretKey: fromHex(vectors.randomness.secretKey),
  nonce: fromHex(vectors.randomness.nonce),
};
const SECRET = sha256('a beacon of our own');

const opened = (ciphertext: Uint8Array, signature = SIGNATURE) => {
  const result = decryptTimelocked(ciphertext, signature);
  return result.ok ? toHex(result.value) : `refused: ${result.error}`;
};
const SAMPLE = fromHex(vectors.ours[1]!.ciphertext);

describe('timelocked bytes', () => {
  for (const { name, plaintext, ciphertext } of vectors.ours)
    it(`are the same as ever: ${name}`, () => {
      const made = encryptTimelocked(fromHex(plaintext), vectors.round, QUICKNET.publicKey, RANDOMNESS);
      expect(toHex(made)).to.equal(ciphertext);
      expect(made.length).to.equal(plaintext.length / 2 + TIMELOCK_OVERHEAD_BYTES);
      expect(opened(made)).to.equal(plaintext);
    });

  for (const { name, plaintext, ciphertext } of vectors.theirs)
    it(`of the chain’s own library open: ${name}`, () => expect(opened(fromHex(ciphertext))).to.equal(plaintext));

  it('open with the signature of their round, under any beacon, and with no other', () => {
    const plaintext = sha256('message');
    const ciphertext = encryptTimelocked(plaintext, 12, publicKeyOf(SECRET), RANDOMNESS);
    expect(opened(ciphertext, signRound(SECRET, 12))).to.equal(toHex(plaintext));
    expect(opened(ciphertext, signRound(SECRET, 13))).to.equal('refused: the signature does not open it');
    expect(opened(ciphertext, signRound(sha256('another'), 12))).to.equal('refused: the signature does not open it');
    expect(opened(ciphertext, new Uint8Array(48))).to.equal('refused: the signature is no point of G1');
  });

  it('hold as much as the chain stores, and not a byte more', () => {
    const most = new Uint8Array(TIMELOCKED_SIZE_BYTES_MAX - TIMELOCK_OVERHEAD_BYTES).fill(7);
    const ciphertext = encryptTimelocked(most, 1_000, QUICKNET.publicKey, RANDOMNESS);
    expect(ciphertext.length).to.equal(TIMELOCKED_SIZE_BYTES_MAX);
    expect(opened(ciphertext)).to.equal(toHex(most));
    expect(() => encryptTimelocked(new Uint8Array(most.length + 1), 1_000, QUICKNET.publicKey, RANDOMNESS)).to.throw(RangeError);
    expect(opened(new Uint8Array(TIMELOCKED_SIZE_BYTES_MAX + 1))).to.match(/^refused: 5001 bytes/);
  });

  it('are not made with a bad key, round or randomness', () => {
    const make = (key: string, round: number, randomness: Partial<TimelockRandomness>) => () =>
      encryptTimelocked(new Uint8Array(1), round, key, { ...RANDOMNESS, ...randomness });
    expect(make('00'.repeat(96), 1, {})).to.throw(RangeError);
    expect(make(QUICKNET.publicKey, 0, {})).to.throw(RangeError);
    expect(make(QUICKNET.publicKey, 1.5, {})).to.throw(RangeError);
    for (const name of ['sigma', 'secretKey', 'nonce'] as const)
      expect(make(QUICKNET.publicKey, 1, { [name]: new Uint8Array(31) })).to.throw(RangeError);
  });

  it('are refused after a change of any one bit', () => {
    const bits = fc.nat(SAMPLE.length * 8 - 1);
    fc.assert(
      fc.property(bits, (bit) => {
        const at = bit >> 3;
        expect(opened(SAMPLE.with(at, SAMPLE[at]! ^ (1 << (bit & 7)))), `bit ${bit}`).to.match(/^refused: /);
      }),
      { numRuns: 150 },
    );
  });

  it('are refused, never thrown over, at every length and as noise', () => {
    for (let length = 0; length < SAMPLE.length; length += 1) expect(opened(SAMPLE.subarray(0, length))).to.match(/^refused: /);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => void expect(opened(noise)).to.match(/^refused: /)));
    expect(opened(Uint8Array.of(...SAMPLE, 0))).to.match(/^refused: the length/);
  });
});
