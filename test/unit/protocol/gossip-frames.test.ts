import { expect } from 'chai';
import fc from 'fast-check';
import { encode } from 'it-length-prefixed';
import { createFrameReader, MalformedFrame } from '../../../protocol/libp2p/gossip-frames.js';

const SIZE_BYTES_MAX = 70_000;

function framesIn(bytes: Uint8Array, cuts: readonly number[]) {
  const reader = createFrameReader(SIZE_BYTES_MAX);
  const frames: Uint8Array[] = [];
  const bounds = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
  for (const [n, end] of bounds.slice(1).entries()) {
    reader.push(bytes.subarray(bounds[n], end));
    for (let frame = reader.take(); frame !== null; frame = reader.take()) frames.push(frame);
  }
  return { frames, waitingBytes: reader.waitingBytes };
}

describe('frames of gossip', () => {
  const contents = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: SIZE_BYTES_MAX }).map((size) => new Uint8Array(size).fill(7)),
    ),
    { maxLength: 8 },
  );

  it('are read as the library writes them, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(contents, fc.array(fc.nat(SIZE_BYTES_MAX * 2), { maxLength: 12 }), (frames, cuts) => {
        const line = Buffer.concat(frames.map((frame) => encode.single(frame).subarray()));
        const read = framesIn(line, cuts);
        expect(read.waitingBytes).to.equal(0);
        expect(read.frames.map((frame) => Buffer.from(frame).toString('hex'))).to.deep.equal(
          frames.map((frame) => Buffer.from(frame).toString('hex')),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('wait for their last byte, which the reader can tell', () => {
    expect(framesIn(Uint8Array.of(3, 1, 2), [])).to.deep.equal({ frames: [], waitingBytes: 2 });
    expect(framesIn(Uint8Array.of(0x80), [])).to.deep.equal({ frames: [], waitingBytes: 1 });
  });

  it('are refused before a byte of them is waited for when they are too long, or their length has no end or more bytes than it needs', () => {
    for (const bytes of [
      encode.single(new Uint8Array(SIZE_BYTES_MAX + 1)).subarray(0, 3),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      new Uint8Array(9).fill(0x80),
      Uint8Array.of(0x83, 0, 1, 2, 3),
    ])
      expect(() => framesIn(bytes, [1, 2])).to.throw(MalformedFrame);
    expect(framesIn(encode.single(new Uint8Array(SIZE_BYTES_MAX)).subarray(), []).frames).to.have.length(1);
  });
});
