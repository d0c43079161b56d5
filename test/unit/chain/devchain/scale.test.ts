import { TypeRegistry } from '@polkadot/types';
import { compactToU8a } from '@polkadot/util';
import { expect } from 'chai';
import fc from 'fast-check';
import { birthOf, deathOf, era } from '../../../../chain/devchain/era.js';
import {
  compact,
  createWriter,
  decode,
  encode,
  option,
  toHex,
  tuple,
  u8,
  u16,
  u32,
  u64,
  u128,
  vec,
  writeCompact,
} from '../../../../chain/devchain/scale.js';
import { commitmentInfo } from '../../../../chain/devchain/shapes.js';

describe('devchain codecs', () => {
  it('round-trip', () => {
    const type = vec(tuple(u16, option(tuple(u64, u128))));
    const value = fc.array(fc.tuple(fc.nat(65535), fc.option(fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 128n - 1n)))), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(value, (given) => {
        expect(decode(type, encode(type, given))).to.deep.equal(given);
      }),
    );
  });

  it('write compact numbers as the reference does', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const out = createWriter();
        writeCompact(out, value);
        const bytes = out.finish();
        expect(toHex(bytes)).to.equal(toHex(compactToU8a(value)));
        expect(decode(compact(u32), bytes)).to.equal(value);
      }),
    );
  });

  it('refuse what does not fit, what ends early and what is left over', () => {
    expect(() => encode(u8, 256)).to.throw(RangeError);
    expect(() => decode(u16, Uint8Array.of(1))).to.throw(RangeError);
    expect(() => decode(u8, Uint8Array.of(1, 2))).to.throw(RangeError);
    expect(() => decode(vec(u8), Uint8Array.of(0xfe, 0xff, 0xff, 0xff))).to.throw(RangeError);
  });

  it('write a commitment as the notes have it', () => {
    const bytes = Uint8Array.of(0x04, 0x06, ...new TextEncoder().encode('hello'));
    const info = decode(commitmentInfo, bytes);
    expect(info.fields[0]).to.deep.equal({ type: 'Raw5', value: new TextEncoder().encode('hello') });
    expect(toHex(encode(commitmentInfo, info))).to.equal('0x040668656c6c6f');
  });

  it('agree with the client library about eras, their birth and their death', () => {
    const registry = new TypeRegistry();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 2, max: 16 }), (current, power) => {
        const made = registry.createType('ExtrinsicEra', { current, period: 2 ** power });
        // Read back: what the library makes has a phase finer than its bytes.
        const theirs = registry.createType('ExtrinsicEra', made.toU8a()).asMortalEra;
        const ours = decode(era, theirs.toU8a());
        expect(toHex(encode(era, ours))).to.equal(toHex(theirs.toU8a()));
        expect(birthOf(ours, current)).to.equal(theirs.birth(current));
        expect(deathOf(ours, current)).to.equal(theirs.death(current));
      }),
    );
  });
});
