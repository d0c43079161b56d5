import { expect } from 'chai';
import { createPowerSpectrum } from '../../../../scoring/neural/dft.js';
import { speakerFbank } from '../../../../scoring/neural/fbank.js';
import {
  DNSMOS_SAMPLES,
  dnsmosWindows,
  neuralFeatures,
  SILERO_CONTEXT,
  SILERO_WINDOW,
  sileroWindows,
} from '../../../../scoring/neural/features.js';
import { whisperBands, whisperMel } from '../../../../scoring/neural/whisper-mel.js';

/** A rising tone and a beep that comes and goes; the golden values below were computed from it by other programs. */
const SOUND = Float32Array.from({ length: 24_000 }, (_, n) => {
  const rising = 0.3 * Math.sin((2 * Math.PI * (200 + 0.05 * n) * n) / 16_000);
  return rising + 0.1 * Math.sin((2 * Math.PI * 3000 * n) / 16_000) * (Math.floor(n / 1600) % 2);
});

describe('front ends of the neural judges', () => {
  it('transforms frames of any length as the sum over all samples does', () => {
    for (const length of [2, 7, 12, 400]) {
      const frame = Float64Array.from({ length }, (_, n) => Math.sin(n * n) + 0.2);
      const powers = new Float64Array((length >> 1) + 1);
      createPowerSpectrum(length)(frame, powers);
      powers.forEach((power, k) => {
        let [re, im] = [0, 0];
        frame.forEach((value, n) => {
          re += value * Math.cos((2 * Math.PI * k * n) / length);
          im -= value * Math.sin((2 * Math.PI * k * n) / length);
        });
        expect(power).to.be.closeTo(re * re + im * im, 1e-9);
      });
    }
  });

  it("has the mel filters that are published with Whisper, to the last of their float32's digits", () => {
    const golden = {
      80: [
        [0, 1, 0.02486259490251541],
        [1, 2, 0.022871771827340126],
        [79, 190, 0.0022320549469441175],
        [79, 195, 0.0022437951993197203],
      ],
      128: [
        [0, 1, 0.012373986653983593],
        [127, 195, 0.005041601601988077],
        [40, 50, 0],
      ],
    } as const;
    for (const bands of [80, 128] as const) {
      for (const [band, bin, expected] of golden[bands]) {
        const { first, weights } = whisperBands(bands)[band]!;
        expect(weights[bin - first] ?? 0, `${bands} bands, ${band} at ${bin}`).to.be.closeTo(expected, 1e-9);
      }
    }
    const total = (bands: 80 | 128) => whisperBands(bands).reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);
    expect(total(80)).to.be.closeTo(1.9990242, 1e-5);
    expect(total(128)).to.be.closeTo(3.1909857, 1e-5);
  });

  it('makes the pictures that numpy makes with the published filters', () => {
    const golden = {
      80: [
        [0, 0, 1.0574636407780693],
        [5, 10, 0.2837566674173153],
        [20, 40, 1.1267331205475657],
        [40, 75, -0.5887746509631577],
        [79, 149, -0.4476399480942317],
        [3, 151, -0.19641452561523698],
        [10, 2999, -0.6598555812129023],
      ],
      128: [
        [0, 0, 0.9817044381284673],
        [20, 40, 0.027177345156510713],
        [64, 100, 0.66334981996837],
        [127, 149, -0.4483064740990088],
        [10, 2999, -0.6080581023486697],
      ],
    } as const;
    for (const bands of [80, 128] as const) {
      const mel = whisperMel(SOUND, bands);
      expect(mel).to.have.length(bands * 3000);
      for (const [band, frame, expected] of golden[bands]) {
        expect(mel[band * 3000 + frame], `${bands} bands, ${band} at ${frame}`).to.be.closeTo(expected, 2e-7);
      }
    }
  });

  it('hears 30 seconds and no more', () => {
    const long = Float32Array.from({ length: 31 * 16_000 }, (_, n) => Math.sin(n / 5));
    expect(whisperMel(long, 80)).to.deep.equal(whisperMel(long.subarray(0, 30 * 16_000), 80));
    expect(whisperMel(new Float32Array(0), 80).every((value) => value === Math.fround(-1.5))).to.equal(true);
  });

  it("computes Kaldi's filterbanks", () => {
    const { frames, data } = speakerFbank(SOUND);
    expect(frames).to.equal(148);
    const golden = [
      [0, 0, 2.3654861],
      [10, 20, -1.1173048],
      [50, 40, -1.5913305],
      [100, 79, 0.2891512],
      [147, 60, 0.5111027],
    ] as const;
    // The other program counts in float32.
    for (const [frame, band, expected] of golden) expect(data[frame * 80 + band]).to.be.closeTo(expected, 2e-4);
    expect(speakerFbank(new Float32Array(10))).to.deep.include({ frames: 1 });
  });

  it('repeats short speech for DNSMOS, and covers long speech from end to end', () => {
    const short = Float32Array.from({ length: 1000 }, (_, n) => n);
    const [window] = dnsmosWindows(short);
    expect(window).to.have.length(DNSMOS_SAMPLES);
    expect(window![1000]).to.equal(0);
    expect(window![DNSMOS_SAMPLES - 1]).to.equal((DNSMOS_SAMPLES - 1) % 1000);
    const long = Float32Array.from({ length: 300_000 }, (_, n) => n);
    const windows = dnsmosWindows(long);
    expect(windows.map((one) => one[0])).to.deep.equal([0, 77_920, 155_840]);
    expect(windows.at(-1)!.at(-1)).to.equal(299_999);
    expect(dnsmosWindows(new Float32Array(0))).to.deep.equal([]);
  });

  it('gives Silero 512 new samples and the 64 before them', () => {
    const speech = Float32Array.from({ length: 1000 }, (_, n) => n + 1);
    const windows = sileroWindows(speech);
    expect(windows).to.have.length(2);
    expect(windows[0]).to.have.length(SILERO_CONTEXT + SILERO_WINDOW);
    expect([...windows[0]!.subarray(62, 66)]).to.deep.equal([0, 0, 1, 2]);
    expect([...windows[1]!.subarray(0, 65)]).to.deep.equal(Array.from({ length: 65 }, (_, n) => 449 + n));
    expect(windows[1]!.at(-1)).to.equal(0);
  });

  it('gives bounded, level-free speech, at least a second of it where a network needs that', () => {
    const tone = Float32Array.from({ length: 22_050 * 0.4 }, (_, n) => Math.sin(n / 10) * (1 + 0.5 * Math.sin(n / 900)));
    const loud = neuralFeatures({ samples: tone.map((value) => value * 1e6), sampleRateHz: 22_050 }, 80);
    const quiet = neuralFeatures({ samples: tone.map((value) => value * 0.01), sampleRateHz: 22_050 }, 80);
    expect(loud.speech.every((value) => Math.abs(value) <= 1)).to.equal(true);
    expect(Math.max(...loud.speech.map((value, n) => Math.abs(value - quiet.speech[n]!)))).to.be.lessThan(1e-5);
    expect(loud.filled).to.have.length(16_000);
    expect(loud.fbank.frames).to.equal(98);
    expect(
      neuralFeatures({ samples: new Float32Array(16_000 * 50).fill(0.1).map((v, n) => v * Math.sin(n)), sampleRateHz: 16_000 }, 128).mel,
    ).to.have.length(128 * 3000);
  });
});
