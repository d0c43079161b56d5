import { expect } from 'chai';
import { activityOf, pausesShortened, trimmed } from '../../../../scoring/dsp/activity.js';
import { centred, clippedShare, levelled } from '../../../../scoring/dsp/loudness.js';
import { melodyOf, pitchTrack } from '../../../../scoring/dsp/pitch.js';
import { placedShare, stretchCount, stretchWeights } from '../../../../scoring/dsp/places.js';
import { resample } from '../../../../scoring/dsp/resample.js';
import { melBank, melDecibels, powerSpectra, type Rows } from '../../../../scoring/dsp/spectrum.js';
import { bandSnrDb, decayDb, holesPerSecond, repeatedShare } from '../../../../scoring/dsp/texture.js';
import { distancesOf, stretchCosts, thinned, warpDistance } from '../../../../scoring/dsp/warping.js';

const RATE = 16_000;
const sine = (hertz: number, seconds: number, rate = RATE, size = 0.5) =>
  Float64Array.from({ length: seconds * rate }, (_, n) => size * Math.sin((2 * Math.PI * hertz * n) / rate));
const pulses = (hertz: number, seconds: number) =>
  Float64Array.from({ length: seconds * RATE }, (_, n) => {
    let sum = 0;
    for (let k = 1; k <= 12; k++) sum += Math.cos((2 * Math.PI * hertz * k * n) / RATE) / k;
    return sum / 12;
  });
const rms = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
const rows = (values: readonly number[]): Rows => ({ count: values.length, width: 1, data: Float64Array.from(values) });
const concat = (...parts: Float64Array[]) => Float64Array.from(parts.flatMap((part) => [...part]));

describe('resample', () => {
  for (const [from, to] of [
    [22_050, RATE],
    [8_000, RATE],
    [48_000, RATE],
    [RATE, 8_000],
  ] as const) {
    it(`keeps a tone from ${from} to ${to} Hz`, () => {
      const out = resample(sine(1_000, 0.5, from), from, to);
      const wanted = sine(1_000, 0.5, to);
      expect(out.length).to.equal(to / 2);
      const middle = [1_000, out.length - 1_000] as const;
      const error = out.slice(...middle).map((value, n) => value - wanted[n + 1_000]!);
      expect(rms(error)).to.be.below(0.0005);
    });
  }

  it('removes what the lower rate cannot hold', () => {
    expect(rms(resample(sine(11_000, 0.5, 48_000), 48_000, RATE).subarray(100, -100))).to.be.below(0.0005);
  });
});

describe('mel spectra', () => {
  it('show a tone in its band, and warped banks show it lower', () => {
    const spectra = powerSpectra(sine(1_000, 0.3), 160);
    const loudest = (warp: number) => {
      const mel = melDecibels(spectra, melBank(40, 60, 7_800, warp));
      const row = [...mel.data.slice(40 * 5, 40 * 6)];
      return row.indexOf(Math.max(...row));
    };
    expect(loudest(1)).to.be.within(12, 16);
    expect(loudest(1.18)).to.be.below(loudest(1));
  });
});

describe('activity and level', () => {
  const speech = concat(new Float64Array(RATE / 2), sine(200, 1), new Float64Array(RATE));

  it('finds first and last sound and cuts the rest away', () => {
    const activity = activityOf(speech);
    expect(activity.first).to.be.within(49, 51);
    expect(activity.end).to.be.within(149, 151);
    expect(trimmed(speech).length / RATE).to.be.closeTo(1.06, 0.03);
  });

  it('does not care how loud or how far off zero the recording is', () => {
    const loud = levelled(speech, activityOf(speech));
    const quiet = speech.map((value) => value * 0.01);
    expect(rms(levelled(quiet, activityOf(quiet)))).to.be.closeTo(rms(loud), 1e-9);
    expect(Math.abs(centred(speech.map((value) => value + 0.2)).reduce((sum, value) => sum + value, 0))).to.be.below(1e-6);
  });

  it('counts clipped samples only where they lie in a row', () => {
    expect(clippedShare(sine(200, 1))).to.be.below(0.15);
    expect(clippedShare(sine(200, 1).map((value) => Math.max(-0.2, Math.min(0.2, value))))).to.be.above(0.5);
    expect(clippedShare(new Float64Array(100))).to.equal(0);
  });
});

describe('pitch', () => {
  for (const hertz of [70, 100, 128, 220, 380]) {
    it(`hears ${hertz} Hz`, () => {
      const { hertz: track } = pitchTrack(pulses(hertz, 0.5));
      for (const heard of track) expect(12 * Math.abs(Math.log2(heard / hertz))).to.be.below(0.3);
    });
  }

  it('tells a melody from a drone and noise from both', () => {
    const all = new Array(200).fill(true);
    const drone = melodyOf(pitchTrack(pulses(128, 1)), all);
    expect(drone.spreadSemitones).to.be.below(0.1);
    const melody = melodyOf(pitchTrack(concat(pulses(100, 0.4), pulses(130, 0.4), pulses(115, 0.4))), all);
    expect(melody.spreadSemitones).to.be.above(1);
    let state = 1;
    const noise = Float64Array.from({ length: RATE }, () => {
      state = (state * 16_807) % 2_147_483_647;
      return state / 2_147_483_647 - 0.5;
    });
    expect(melodyOf(pitchTrack(noise), all).voicedShare).to.be.below(0.05);
  });
});

describe('texture', () => {
  it('counts holes by both their edges', () => {
    const tone = sine(200, 0.3);
    const gap = new Float64Array(RATE * 0.08);
    expect(holesPerSecond(concat(tone, gap, tone, gap, tone))).to.be.closeTo(2 / 1.06, 0.01);
    expect(holesPerSecond(tone)).to.equal(0);
  });

  it('measures speech over floor band by band', () => {
    const levels = Float64Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? -20 : n < 100 ? -50 : -20));
    expect(bandSnrDb({ count: 100, width: 2, data: levels })).to.be.within(14, 16);
  });
});

describe('time warping', () => {
  const wave = Array.from({ length: 60 }, (_, n) => Math.sin(n / 4) + n / 30);

  it('is zero for the same, near zero for the same slower, symmetric, and larger for another', () => {
    const slower = wave.flatMap((value) => [value, value]);
    expect(warpDistance(rows(wave), rows(wave))).to.equal(0);
    expect(warpDistance(rows(wave), rows(slower))).to.be.below(0.01);
    const reversed = [...wave].reverse();
    expect(warpDistance(rows(wave), rows(reversed))).to.be.above(0.3);
    expect(warpDistance(rows(wave), rows(reversed))).to.be.closeTo(warpDistance(rows(reversed), rows(wave)), 1e-9);
  });

  it('finds where a piece belongs', () => {
    const place = (part: Rows, from: number, to: number) => {
      const { costs, middles } = stretchCosts(distancesOf(part, rows(wave)), from, to);
      return middles[costs.indexOf(Math.min(...costs))];
    };
    expect(place(rows(wave.slice(40, 50)), 0, 10)).to.be.closeTo(45 / 60, 0.03);
    expect(place(rows(wave), 5, 15)).to.be.closeTo(10 / 60, 0.03);
  });

  it('thins to every other row', () => {
    expect([...thinned(rows([1, 2, 3])).data]).to.deep.equal([1, 3]);
  });
});

describe('pauses', () => {
  it('are shortened when they are long, and speech is kept', () => {
    const speech = pulses(120, 0.3);
    const said = (pause: number) => pausesShortened(concat(speech, new Float64Array(pause * RATE), speech)).length / RATE;
    expect(said(0.05)).to.be.closeTo(0.65, 0.011);
    expect(said(0.5)).to.be.closeTo(0.68, 0.011);
    expect(said(2)).to.be.closeTo(0.68, 0.011);
  });
});

describe('places', () => {
  /** Something different at every time. */
  const path = (from: number, length: number) =>
    Array.from({ length }, (_, n) => 9 * Math.sin(((from + n) * (from + n)) / 90) + 5 * Math.cos((from + n) / 3));
  const text = rows(path(0, 120));
  const decoy = rows(path(1_000, 120));
  const weights = stretchWeights([[text, decoy]], stretchCount(3));
  const share = (heard: Rows) => placedShare([{ heard, texts: [text, decoy] }], weights);

  it('finds all of the text in its place, and nothing of another', () => {
    expect(share(text)).to.equal(1);
    expect(share(decoy)).to.be.below(0.1);
    expect(share(rows(path(2_000, 120)))).to.be.below(0.4);
  });

  it('misses what is left out, changed or moved', () => {
    expect(share(rows([...path(0, 60), ...path(1_060, 60)]))).to.be.within(0.3, 0.7);
    expect(share(rows([...path(60, 60), ...path(0, 60)]))).to.be.below(0.2);
    expect(share(rows(path(0, 60)))).to.be.below(0.4);
  });

  it('counts little what a decoy says too', () => {
    const alike = rows([...path(0, 40), ...path(1_000, 80)]);
    const own = stretchWeights([[text, alike]], 12);
    expect(Math.max(...own.slice(0, 2))).to.be.below(0.2);
    expect(own.reduce((sum, weight) => sum + weight, 0)).to.be.closeTo(12, 1e-9);
  });

  it('cuts short and long texts in a bounded number of stretches', () => {
    expect([0, 3, 1_000].map(stretchCount)).to.deep.equal([6, 10, 24]);
  });
});

describe('texture of speech', () => {
  const picture = (levels: readonly (readonly number[])[]): Rows => ({
    count: levels.length,
    width: levels[0]!.length,
    data: Float64Array.from(levels.flat()),
  });

  it('tells a sound that is said twice at once from one that goes on', () => {
    const moving = (n: number) => Array.from({ length: 8 }, (_, band) => 30 * Math.sin(n * (1 + band / 3) + n * n * 0.01));
    const fresh = Array.from({ length: 120 }, (_, n) => moving(n));
    const stutter = [...fresh.slice(0, 60), ...fresh.slice(40, 60), ...fresh.slice(60)];
    expect(repeatedShare(picture(fresh))).to.equal(0);
    expect(repeatedShare(picture(stutter))).to.be.within(0.1, 0.5);
    expect(repeatedShare(picture(Array.from({ length: 100 }, () => [1, 2, 3])))).to.equal(0);
  });

  it('hears how fast sounds die away, whatever hums', () => {
    const dying = (dbPerFrame: number, hum: boolean) =>
      picture(Array.from({ length: 200 }, (_, n) => [0, 1, 2, 3].map((band) => (hum && band === 0 ? 0 : -dbPerFrame * (n % 20)))));
    expect(decayDb(dying(2, false))).to.be.closeTo(16, 0.1);
    expect(decayDb(dying(0.5, false))).to.be.closeTo(4, 0.1);
    expect(decayDb(dying(2, true))).to.be.closeTo(12, 0.1);
  });
});
