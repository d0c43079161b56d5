import { expect } from 'chai';
import fc from 'fast-check';
import { decodeWav, encodeWav } from '../../../scoring/wav.js';

describe('wav', () => {
  it('reads back what it wrote: floats exactly, 16 bits to a step', () => {
    const sample = fc.float({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 200 }), fc.integer({ min: 1, max: 192_000 }), (values, sampleRateHz) => {
        const audio = { samples: Float32Array.from(values), sampleRateHz };
        const exact = decodeWav(encodeWav(audio, 'float32'));
        expect(exact.ok && [...exact.value.samples]).to.deep.equal([...audio.samples]);
        const coarse = decodeWav(encodeWav(audio));
        if (!coarse.ok) throw new Error(coarse.error);
        expect(coarse.value.sampleRateHz).to.equal(sampleRateHz);
        coarse.value.samples.forEach((value, n) => {
          expect(value).to.be.closeTo(audio.samples[n] ?? 9, 1 / 32_767);
        });
      }),
    );
  });

  it('clips what is too loud and mixes two channels', () => {
    const loud = decodeWav(encodeWav({ samples: Float32Array.of(2, -2), sampleRateHz: 8000 }));
    expect(loud.ok && [...loud.value.samples]).to.deep.equal([1, -1]);
    const bytes = encodeWav({ samples: Float32Array.of(0.5, 0.25, -1, 1), sampleRateHz: 8000 }, 'float32');
    bytes[22] = 2;
    const mixed = decodeWav(bytes);
    expect(mixed.ok && [...mixed.value.samples]).to.deep.equal([0.375, 0]);
  });

  it('refuses what is not a wave, and never throws on foreign bytes', () => {
    expect(decodeWav(new TextEncoder().encode('RIFFxxxxWAVE'))).to.deep.equal({ ok: false, error: 'no data chunk' });
    const whole = encodeWav({ samples: new Float32Array(20), sampleRateHz: 8000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(whole.length),
        (at, value, length) => {
          const broken = whole.slice(0, length);
          if (at < length) broken[at] = value;
          decodeWav(broken);
        },
      ),
    );
  });
});
