import { expect } from 'chai';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { cepstralFeatures } from '../../scoring/dsp/cepstrum.js';
import { melBank, melDecibels, powerSpectra } from '../../scoring/dsp/spectrum.js';
import { warpDistance } from '../../scoring/dsp/warping.js';
import { precheckGraph } from '../../scoring/graph/precheck.js';
import { seedRandomNodes, seedWords } from '../../scoring/graph/random.js';
import { expectedDurationMs, ipaOf, type Phone } from '../../scoring/phonemes.js';
import { buildVoice, mutateCopy, type VoiceKind, type VoiceOptions } from '../../scoring/voices/onnx-voice.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../scoring/voices/reference.js';
import { bandPower, dynamicRangeDb, levels, middle, strongestBand } from '../support/sounds.js';

const CANOE = 'DH AH0 | B ER1 CH | K AH0 N UW1 | S L IH1 D | AA1 N | DH AH0 | S M UW1 DH | P L AE1 NG K S .'.split(' ');
const GLUE = 'G L UW1 | DH AH0 | SH IY1 T | T UW0 | DH AH0 | D AA1 R K | B L UW1 | B AE1 K G R AW2 N D .'.split(' ');
const DEPTH = 'IH1 Z | IH1 T | IY1 Z IY0 | T UW0 | T EH1 L | DH AH0 | D EH1 P TH | AH1 V | AH0 | W EH1 L ?'.split(' ');
const NO_JITTER = [0, 1, 0] as const;
const RATE_HZ = 16_000;

type Say = (phones: readonly Phone[], scales?: readonly number[], pads?: boolean) => Promise<Float32Array>;

async function speaker(kind: VoiceKind, options: VoiceOptions = {}, change = (graph: Uint8Array) => graph): Promise<Say> {
  const voice = buildVoice(kind, options);
  const checked = precheckGraph(change(voice.graph), null);
  if (!checked.ok) throw checked.error;
  const seeded = seedRandomNodes(checked.value);
  if (!seeded.ok) throw seeded.error;
  const session = await InferenceSession.create(seeded.value.bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return async (phones, scales = [0.667, 1, 0.8], pads = true) => {
    const between = pads ? [0] : [];
    const ids = [1, ...between, ...ipaOf(phones).flatMap((symbol) => [...(voice.tokens[symbol] ?? []), ...between]), 2];
    const { output } = await session.run({
      input: new Tensor('int64', BigInt64Array.from(ids.map(BigInt)), [1, ids.length]),
      input_lengths: new Tensor('int64', BigInt64Array.of(BigInt(ids.length)), [1]),
      scales: new Tensor('float32', Float32Array.from(scales), [3]),
      [seeded.value.seedInput ?? '']: new Tensor('int64', seedWords(new Uint8Array(32)), [3]),
    });
    if (output === undefined || !(output.data instanceof Float32Array)) throw new Error('no output');
    expect(output.dims).to.deep.equal([1, 1, output.data.length]);
    return output.data;
  };
}

const features = (samples: Float32Array) =>
  cepstralFeatures(melDecibels(powerSpectra(Float64Array.from(samples), 160), melBank(28, 80, 6500)));
const reference = (phones: readonly Phone[]) => REFERENCE_VOICES.map((voice) => features(synthesiseReference(phones, voice).samples));

/** How much nearer the right text is than the wrong one: above 1 is wrong. */
async function confusion(say: Say): Promise<number> {
  let same = 0;
  let other = 0;
  for (const said of [CANOE, GLUE, DEPTH]) {
    const heard = features(await say(said));
    for (const text of [CANOE, GLUE, DEPTH]) {
      const distance = reference(text).reduce((sum, rows) => sum + warpDistance(heard, rows), 0);
      if (text === said) same += distance;
      else other += distance / 2;
    }
  }
  return same / other;
}

describe('voice graphs in ONNX Runtime', () => {
  it('speak finite audio of the expected length, the same each time', async () => {
    const say = await speaker('good');
    for (const phones of [CANOE, GLUE, DEPTH, ['AA1']]) {
      const samples = await say(phones);
      expect(samples.every((value) => Number.isFinite(value) && Math.abs(value) < 0.71)).to.equal(true);
      expect(await say(phones)).to.deep.equal(samples);
      const planned = synthesiseReference(phones, { ...REFERENCE_VOICES[0]!, rate: 1 }).samples.length;
      expect((await say(phones, NO_JITTER)).length).to.be.closeTo(planned, 80);
      expect(samples.length / planned).to.be.within(0.9, 1.1);
    }
    expect((await say(CANOE)).length / 16 / expectedDurationMs(CANOE)).to.be.within(0.85, 1.15);
  });

  it('honour the length scale, the noise scales, and tokens with and without pads', async () => {
    const say = await speaker('good');
    const plain = await say(CANOE, NO_JITTER);
    expect((await say(CANOE, [0, 1.5, 0])).length / plain.length).to.be.closeTo(1.5, 0.01);
    expect((await say(CANOE, [0, 1, 2])).length).to.not.equal(plain.length);
    expect(await say(CANOE, [0.667, 1, 0])).to.not.deep.equal(plain);
    expect(await say(CANOE, NO_JITTER, false)).to.deep.equal(plain);
  });

  it('speak at 22,050 Hz too', async () => {
    const samples = await (await speaker('good', { sampleRateHz: 22_050 }))(CANOE, NO_JITTER);
    const planned = synthesiseReference(CANOE, REFERENCE_VOICES[0]!).samples.length / RATE_HZ;
    expect(samples.length / 22_050).to.be.closeTo(planned, 0.02);
  });

  it('have vowels, hisses and closures where the reference has them', async () => {
    const say = await speaker('good', { design: { liveliness: 0 } });
    const steady = async (phone: string) => middle(await say([phone, phone, phone], NO_JITTER), 0.4);
    expect(strongestBand(await steady('IY1'), RATE_HZ, 1000, 3000)).to.be.within(1950, 2500);
    expect(strongestBand(await steady('AA1'), RATE_HZ, 500, 3000)).to.be.within(600, 1300);
    const hiss = await steady('S');
    expect(bandPower(hiss, RATE_HZ, 4000, 8000) / bandPower(hiss, RATE_HZ, 0, 8000)).to.be.above(0.8);
    const around = levels(await say(['AA1', 'T', 'AA1'], NO_JITTER), RATE_HZ).slice(8, -8);
    expect(Math.min(...around)).to.be.below(Math.max(...around) / 50);
  });

  it('say the words: the right text is nearest, except from the garbled voice', async () => {
    for (const kind of ['good', 'female', 'monotone'] as const) expect(await confusion(await speaker(kind)), kind).to.be.below(0.75);
    for (const kind of ['noisy', 'muffled'] as const) expect(await confusion(await speaker(kind)), kind).to.be.below(0.92);
    expect(await confusion(await speaker('garbled'))).to.be.within(0.95, 1.1);
  });

  it('have the fault of their kind', async () => {
    const good = await (await speaker('good'))(CANOE);
    const treble = (samples: Float32Array) => bandPower(samples, RATE_HZ, 1600, 8000) / bandPower(samples, RATE_HZ, 0, 8000);
    expect(treble(await (await speaker('muffled'))(CANOE))).to.be.below(treble(good) / 100);
    expect(dynamicRangeDb(good, RATE_HZ)).to.be.above(35);
    expect(dynamicRangeDb(await (await speaker('noisy'))(CANOE), RATE_HZ)).to.be.within(8, 20);
  });

  it('sound the same after a copy’s disguise', async () => {
    const good = await (await speaker('good'))(CANOE);
    for (const disguise of ['metadata', 'weights'] as const) {
      const copy = await (await speaker('good', {}, (graph) => mutateCopy(graph, disguise)))(CANOE);
      expect(copy.length).to.equal(good.length);
      const worst = good.reduce((max, value, n) => Math.max(max, Math.abs(value - (copy[n] ?? 9))), 0);
      expect(worst, disguise).to.be.below(0.01);
    }
  });
});
