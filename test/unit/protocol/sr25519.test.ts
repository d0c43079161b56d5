import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import { sr25519_verify } from '@polkadot-labs/schnorrkel-wasm';
import { expect } from 'chai';
import fc from 'fast-check';
import { publicKeyOf } from '../../../protocol/names.js';
import type { Signer } from '../../../protocol/ports.js';
import { createSr25519Check, SR25519_KEYS_KNOWN_MAX } from '../../../protocol/threads/sr25519.js';
import { devPerson } from '../../support/people.js';

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

describe('sr25519 by two libraries', () => {
  let alice: Signer;
  let key: Uint8Array;
  const text = new TextEncoder().encode('voxd/test\0 text');
  let good: Uint8Array;

  before(async () => {
    await waitReady();
    alice = await devPerson('Alice');
    key = publicKeyOf(alice.hotkey);
    good = await alice.sign(text);
  });

  /** One that has seen a signature of Alice hold: her next one goes to the library that traps. */
  function acquainted(): ReturnType<typeof createSr25519Check> {
    const check = createSr25519Check();
    expect(check(text, good, key)).to.equal(true);
    return check;
  }

  function withScalar(scalar: bigint): Uint8Array {
    const bytes = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
    bytes[31]! |= 0x80;
    return Uint8Array.from([...good.subarray(0, 32), ...bytes]);
  }

  it('answers as the robust library does, whatever the bytes, and goes on answering', () => {
    const check = acquainted();
    const flipped = fc.record({ at: fc.nat(63), bits: fc.integer({ min: 1, max: 255 }) }).map(({ at, bits }) => {
      const bytes = good.slice();
      bytes[at]! ^= bits;
      return bytes;
    });
    const signature = fc.oneof(
      fc.constant(good),
      flipped,
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.uint8Array({ minLength: 0, maxLength: 66 }),
      fc.constant(Uint8Array.from([...good, 0])),
      fc.bigInt({ min: 0n, max: 2n ** 255n - 1n }).map(withScalar),
      fc.bigInt({ min: -3n, max: 3n }).map((off) => withScalar(GROUP_ORDER + off)),
      fc.bigInt({ min: -3n, max: 3n }).map((off) => withScalar(2n ** 252n + off)),
    );
    const publicKey = fc.oneof(
      { weight: 4, arbitrary: fc.constant(key) },
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom(new Uint8Array(32), new Uint8Array(32).fill(0xff)),
    );
    fc.assert(
      fc.property(signature, publicKey, fc.constantFrom(text, new Uint8Array()), (signed, by, message) => {
        const expected = signed.length === 64 && sr25519Verify(signed, message, by);
        expect(check(message, signed, by)).to.equal(expected);
      }),
      { numRuns: 400 },
    );
    expect(check(text, good, key)).to.equal(true);
  });

  it('gives the fast library no key but one that a signature has held under, and of those the last ones', () => {
    const asked = { fast: 0, robust: 0 };
    const check = createSr25519Check(
      (...given) => {
        asked.fast += 1;
        return sr25519_verify(...given);
      },
      (signature, message, publicKey) => {
        asked.robust += 1;
        return publicKey !== key || sr25519Verify(signature, message, publicKey);
      },
    );
    const forged = good.slice();
    forged[1]! ^= 1;
    expect([check(text, forged, key), check(text, good, key)]).to.deep.equal([false, true]);
    expect(asked, 'the first that holds makes the key known').to.deep.equal({ fast: 0, robust: 2 });
    expect([check(text, good, key), check(text, forged, key)]).to.deep.equal([true, false]);
    expect(asked).to.deep.equal({ fast: 2, robust: 2 });
    for (let n = 0; n < SR25519_KEYS_KNOWN_MAX; n += 1) check(text, good, Uint8Array.from([n >> 8, n & 0xff, ...new Uint8Array(30)]));
    const before = asked.robust;
    expect(check(text, good, key)).to.equal(true);
    expect(asked, 'forgotten').to.deep.equal({ fast: 2, robust: before + 1 });
  });
});
