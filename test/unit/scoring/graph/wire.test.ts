import { expect } from 'chai';
import fc from 'fast-check';
import * as wire from '../../../../scoring/graph/wire.js';

const all = (bytes: Uint8Array, left = 1000) => [...wire.fieldsOf(bytes, { left })];

describe('protobuf wire format', () => {
  it('reads back every integer that it writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer({ min: 1, max: 536_870_911 }), (value, number) => {
        const [field] = all(wire.varintField(number, value));
        expect(field?.number).to.equal(number);
        expect(wire.asInt64(field!.varint)).to.equal(value);
      }),
    );
  });

  it('reads back bytes, and says where a field stands', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (payloads) => {
        const message = wire.concatBytes(payloads.map((payload) => wire.bytesField(5, payload)));
        const fields = all(message);
        expect(fields.map(({ bytes }) => [...bytes])).to.deep.equal(payloads.map((payload) => [...payload]));
        expect(fields.at(-1)?.end ?? 0).to.equal(message.length);
        for (const { start, end, bytes } of fields) expect(wire.bytesField(5, bytes)).to.deep.equal(message.slice(start, end));
      }),
    );
  });

  it('reads packed integers', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        const [field] = all(wire.packedVarints(8, values));
        expect([...wire.packedInt64(field!.bytes)]).to.deep.equal(values);
      }),
    );
  });

  it('ends in WireError or in fields on any bytes, never in anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          all(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(wire.WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const broken: readonly [string, readonly number[]][] = [
    ['a field cut off', [0x0a, 0x05, 1, 2]],
    ['a length near 2^64', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a number of eleven bytes', [0x08, ...new Array<number>(10).fill(0x80), 0x01]],
    ['a number above 64 bits', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a number cut off', [0x08, 0x80]],
    ['field number 0', [0x02, 0x00]],
    ['a group', [0x0b, 0x0c]],
    ['a float cut off', [0x0d, 0, 0]],
  ];
  for (const [what, bytes] of broken) {
    it(`refuses ${what}`, () => {
      expect(() => all(Uint8Array.from(bytes))).to.throw(wire.WireError);
    });
  }

  it('stops when its budget is spent', () => {
    const many = wire.concatBytes(Array.from({ length: 20 }, () => wire.varintField(1, 1)));
    expect(all(many, 20)).to.have.length(20);
    expect(() => all(many, 19)).to.throw(wire.WireError, 'too many fields');
  });
});
