import { expect } from 'chai';
import fc from 'fast-check';
import { permits, SIGNING_KINDS, type SigningKind, type SigningPolicy } from '../../../../chain/wallet/remote/policy.js';
import { createFrameReader, encodeFrame, FRAME_SIZE_BYTES_MAX, parseAnswer, parseRequest } from '../../../../chain/wallet/remote/wire.js';
import { bindingBytesToSign } from '../../../../protocol/binding.js';
import { bytesToSign } from '../../../../protocol/envelope.js';
import type { Hash } from '../../../../protocol/names.js';
import { topicOf } from '../../../../protocol/topics.js';

// Safety: 32 bytes in hex, as the type demands.
const GENESIS = `0x${'ab'.repeat(32)}` as Hash;
const genesis = Buffer.from(GENESIS.slice(2), 'hex');
const text = (words: string) => new Uint8Array(Buffer.from(words));

/** Call 7.0, extra, versions, genesis, block hash, no metadata hash: the order of the runtime. */
function extrinsic(of = genesis, call = [7, 0]): Uint8Array {
  return new Uint8Array(
    Buffer.concat([Buffer.from([...call, 1, 2, 3, 0x15, 0x02, 4, 0, 0]), Buffer.alloc(8, 1), of, Buffer.alloc(32, 9), Buffer.of(0)]),
  );
}

const SAMPLES: Readonly<Record<Exclude<SigningKind, 'bytes'>, Uint8Array>> = {
  extrinsic: extrinsic(),
  envelope: bytesToSign(text('body'), topicOf({ genesis: GENESIS, netuid: 7 }, 'announce')),
  binding: bindingBytesToSign(text('body')),
  message: text('<Bytes>hello</Bytes>'),
};

describe('what a signer signs', () => {
  const policy = (over: Partial<SigningPolicy> = {}): SigningPolicy => ({ kinds: new Set(SIGNING_KINDS), genesis, calls: null, ...over });
  const verdict = (of: SigningPolicy, kind: SigningKind, bytes: Uint8Array) => {
    const result = permits(of, kind, bytes);
    return result.ok ? 'signed' : result.error;
  };

  it('is what the program asks for, each as what it is', () => {
    for (const [kind, bytes] of Object.entries(SAMPLES)) {
      for (const claimed of SIGNING_KINDS) {
        const expected = claimed === kind || claimed === 'bytes';
        expect(verdict(policy(), claimed, bytes) === 'signed', `${kind} as ${claimed}`).to.equal(expected);
      }
    }
  });

  it('is nothing that was not allowed', () => {
    for (const kind of SIGNING_KINDS) {
      const bytes = kind === 'bytes' ? text('x') : SAMPLES[kind];
      const others = new Set(SIGNING_KINDS.filter((other) => other !== kind));
      expect(verdict(policy({ kinds: others }), kind, bytes)).to.include('not started with');
      expect(verdict(policy({ kinds: new Set([kind]) }), kind, bytes)).to.equal('signed');
    }
  });

  it('is no extrinsic of another chain, no other call, and no digest', () => {
    const other = Buffer.alloc(32, 3);
    expect(verdict(policy(), 'extrinsic', extrinsic(other))).to.include('another chain');
    expect(verdict(policy({ genesis: null }), 'extrinsic', extrinsic(other))).to.equal('signed');
    expect(verdict(policy({ calls: new Set(['7.0', '18.0']) }), 'extrinsic', extrinsic())).to.equal('signed');
    expect(verdict(policy({ calls: new Set(['7.4']) }), 'extrinsic', extrinsic(genesis, [5, 3]))).to.include('5.3');
    expect(verdict(policy({ genesis: null }), 'extrinsic', Buffer.alloc(32, 1))).to.include('shorter');
    const far = Buffer.concat([extrinsic(), Buffer.alloc(200)]);
    expect(verdict(policy(), 'extrinsic', far), 'the genesis stands at the end').to.include('another chain');
  });

  it('never takes marked bytes for an extrinsic', () => {
    fc.assert(
      fc.property(fc.constantFrom(SAMPLES.envelope, SAMPLES.binding), fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        expect(verdict(policy({ genesis: null }), 'extrinsic', Buffer.concat([start, rest]))).not.to.equal('signed');
      }),
    );
  });
});

describe('frames between a node and its signer', () => {
  const request = { v: 1 as const, id: 7, op: 'sign' as const, kind: 'envelope' as const, subject: 'AAEC', expiresAtMs: 5 };

  it('arrive whole however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const bytes = Buffer.concat([encodeFrame(request), encodeFrame({ ...request, id: 8 })]);
        const reader = createFrameReader();
        const ids: number[] = [];
        for (let at = 0, i = 0; at < bytes.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          const read = reader.read(bytes.subarray(at, at + size));
          for (const frame of read.ok ? read.value : []) {
            const parsed = parseRequest(frame);
            ids.push(parsed.ok ? parsed.value.id : -1);
          }
          at += size;
        }
        expect(ids).to.deep.equal([7, 8]);
        expect(reader.partial).to.equal(false);
      }),
    );
  });

  it('are refused when they announce too much, before it has come', () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(FRAME_SIZE_BYTES_MAX + 1);
    expect(createFrameReader().read(length).ok).to.equal(false);
    length.writeUInt32BE(FRAME_SIZE_BYTES_MAX);
    expect(createFrameReader().read(length)).to.deep.equal({ ok: true, value: [] });
  });

  it('are requests or are not, and say why', () => {
    const parse = (value: unknown) => parseRequest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
    expect(parse(request).ok).to.equal(true);
    for (const bad of ['', 'x', 'null', '[]', {}, { ...request, op: 'other' }, { ...request, subject: '*' }, { ...request, more: 1 }]) {
      expect(parse(bad).ok, JSON.stringify(bad)).to.equal(false);
    }
    expect(parse({ ...request, v: 2 })).to.deep.include({ ok: false });
    const older = parse({ ...request, v: 2 });
    expect(older.ok ? null : older.error).to.include({ id: 7, version: 2 });
    const wrong = parse({ ...request, kind: 'x' });
    expect(wrong.ok ? null : wrong.error).to.include({ id: 7, version: null });
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseRequest(bytes);
        parseAnswer(bytes);
        createFrameReader().read(bytes);
      }),
    );
  });
});
