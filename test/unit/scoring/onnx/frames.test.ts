import { expect } from 'chai';
import fc from 'fast-check';
import {
  createFrameReader,
  encodeFrame,
  FrameError,
  HEADER_BYTES_MAX,
  type Request,
  splitPayload,
} from '../../../../scoring/onnx/frames.js';
import { parseReply } from '../../../../scoring/onnx/replies.js';

const LOAD: Request = { kind: 'load' };

describe('frames between the daemon and its child', () => {
  it('arrive as they were sent, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (payloads, step) => {
        const sent = Buffer.concat(payloads.flatMap((payload) => encodeFrame(LOAD, [payload.subarray(0, 3), payload.subarray(3)])));
        const reader = createFrameReader(50);
        const received = [];
        for (let at = 0; at < sent.length; at += step) received.push(...reader.push(sent.subarray(at, at + step)));
        expect(received.map(({ payload }) => [...payload])).to.deep.equal(payloads.map((payload) => [...payload]));
        for (const { header } of received) expect(header).to.deep.equal(LOAD);
      }),
    );
  });

  it('are refused above their limits, before room is made for them', () => {
    const prefix = (header: number, payload: number) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setUint32(0, header, true);
      new DataView(bytes.buffer).setUint32(4, payload, true);
      return bytes;
    };
    expect(() => createFrameReader(10).push(prefix(2, 11))).to.throw(FrameError, 'a payload of 11 bytes');
    expect(() => createFrameReader(10).push(prefix(HEADER_BYTES_MAX + 1, 0))).to.throw(FrameError);
    expect(() => createFrameReader(2 ** 32).push(Buffer.concat([prefix(2, 0), Buffer.from('xx')]))).to.throw(FrameError, 'not JSON');
    expect(() => createFrameReader(10).push(prefix(0, 0))).to.throw(FrameError, 'not JSON');
  });

  it('give each tensor its own aligned bytes, all of them and no more', () => {
    const payload = Buffer.concat([Buffer.from([0]), Buffer.alloc(16, 7)]).subarray(1);
    const header = { name: 'a', type: 'int64', dims: [1], sizeBytes: 8 } as const;
    const parts = splitPayload([header, header], payload);
    for (const { bytes } of parts) expect(new BigInt64Array(bytes.buffer, bytes.byteOffset, 1)[0]).to.equal(0x0707070707070707n);
    expect(() => splitPayload([header], payload)).to.throw(FrameError);
    expect(() => splitPayload([header, header, header], payload)).to.throw(FrameError);
  });

  it('are believed only when they are one of the replies', () => {
    const bad: readonly unknown[] = [null, {}, { kind: 'other' }, { kind: 'ready', version: 1 }, { kind: 'loaded', elapsedMs: 1, more: 2 }];
    const lies = [
      { name: 'x', type: 'float32', dims: [-1], sizeBytes: 4 },
      { name: 'x', type: 'string', dims: [], sizeBytes: 4 },
    ];
    for (const header of bad) expect(parseReply(header).ok).to.equal(false);
    for (const tensor of lies) expect(parseReply({ kind: 'result', elapsedMs: 1, tensors: [tensor] }).ok).to.equal(false);
    expect(parseReply({ kind: 'fault', problem: 'x'.repeat(5000) }).ok).to.equal(false);
    expect(parseReply({ kind: 'loaded', elapsedMs: 1 }).ok).to.equal(true);
  });
});
