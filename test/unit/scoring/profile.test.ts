import { expect } from 'chai';
import fc from 'fast-check';
import type { Audio } from '../../../scoring/audio.js';
import { createChance } from '../../../scoring/chance.js';
import { scoringFailure } from '../../../scoring/failures.js';
import {
  BUILTIN_PROFILE,
  combinePrompts,
  createUtteranceJudge,
  faultScore,
  fingerprintDistance,
  type PromptScore,
  scorerDigest,
} from '../../../scoring/profile.js';
import { drawPrompts, type Prompt } from '../../../scoring/prompts.js';
import { type ReferenceVoice, synthesiseReference } from '../../../scoring/voices/reference.js';
import { SPEECH_SYSTEMS } from '../../support/speech-systems.js';

const PROMPTS = drawPrompts('profile test', 4, { kinds: ['plain', 'question', 'list', 'clusters'] });
/** Neither of the judge's own voices. */
const STRANGER: ReferenceVoice = {
  id: 'stranger',
  pitchHz: 150,
  formantScale: 1.08,
  rate: 0.92,
  liveliness: 1,
  breathiness: 0.06,
  seed: 77,
};
const judge = createUtteranceJudge();
const say = (prompt: Prompt, voice = STRANGER) => synthesiseReference(prompt.phones, voice);
const change = (audio: Audio, f: (samples: Float32Array) => Float32Array): Audio => ({ ...audio, samples: f(audio.samples) });
const chance = createChance('noise', 'profile test');
const NOISE = Float32Array.from({ length: 200_000 }, () => (chance.below(2_000_001) + chance.below(2_000_001)) / 2_000_000 - 1);
const noisy = (audio: Audio, size: number) =>
  change(audio, (samples) => samples.map((value, n) => value + size * NOISE[n % NOISE.length]!));

const mean = (scores: readonly PromptScore[]) => scores.reduce((sum, { scorePpm }) => sum + scorePpm, 0) / scores.length;
const heard = (of: (prompt: Prompt, at: number) => Audio) => mean(PROMPTS.map((prompt, at) => judge(prompt, of(prompt, at))));
const segments = (samples: Float32Array, order: readonly number[]) => {
  const length = Math.floor(samples.length / order.length);
  return Float32Array.from(order.flatMap((at) => [...samples.subarray(at * length, (at + 1) * length)]));
};

describe('profile builtin-1', function () {
  this.timeout(60_000);

  it('likes clear speech of the text', () => {
    for (const prompt of PROMPTS) expect(judge(prompt, say(prompt)).scorePpm, prompt.text).to.be.above(850_000);
  });

  it('gives next to nothing for another text, backwards speech, noise and a tone', () => {
    const next = (at: number) => PROMPTS[(at + 1) % PROMPTS.length]!;
    expect(heard((_, at) => say(next(at)))).to.be.at.most(50_000);
    expect(heard((prompt) => synthesiseReference(prompt.decoys[0]!, STRANGER))).to.be.at.most(50_000);
    expect(heard((prompt) => change(say(prompt), (samples) => samples.slice().reverse()))).to.be.at.most(50_000);
    expect(heard(() => ({ samples: NOISE.slice(0, 48_000), sampleRateHz: 16_000 }))).to.be.at.most(50_000);
    const tone = Float32Array.from({ length: 48_000 }, (_, n) => Math.sin(n / 12) / 2);
    expect(heard(() => ({ samples: tone, sampleRateHz: 16_000 }))).to.be.at.most(50_000);
  });

  it('gives little for half the text and for its pieces in another order', () => {
    expect(heard((prompt) => change(say(prompt), (samples) => samples.slice(0, samples.length / 2)))).to.be.below(300_000);
    expect(heard((prompt) => change(say(prompt), (samples) => segments(samples, [3, 0, 4, 2, 1])))).to.be.below(300_000);
  });

  it('hears a minimal pair through noise: its easy decoys are no near-homophones of another pair', () => {
    // "Did she say beat, or was it bit?", once held against "pit, or was it pet" and found not said.
    const pair = drawPrompts('pairs', 28, { kinds: ['minimal-pair'] })[27]!;
    expect(pair.text).to.match(/beat, .* bit/);
    const voice = SPEECH_SYSTEMS.find(({ id }) => id === 'noise-17')!;
    expect(judge(pair, voice.speak(pair, { unlike: pair, alike: pair })).parts['content']).to.be.above(700_000);
  });

  it('falls with every step of noise', () => {
    const steps = [0, 0.02, 0.1, 0.4].map((size) => heard((prompt) => noisy(say(prompt), size)));
    for (let n = 1; n < steps.length; n++) expect(steps[n]).to.be.below(steps[n - 1]! - 20_000);
  });

  it('hears missing melody, holes, clipping, haste and long silence', () => {
    const clear = heard((prompt) => say(prompt));
    const worse: Readonly<Record<string, (audio: Audio) => Audio>> = {
      holes: (audio) => change(audio, (samples) => samples.map((value, n) => (n % 4_000 < 1_300 ? 0 : value))),
      clipping: (audio) => change(audio, (samples) => samples.map((value) => Math.max(-0.05, Math.min(0.05, value)))),
      haste: (audio) => ({ ...audio, sampleRateHz: 32_000 }),
      silence: (audio) =>
        change(audio, (samples) => Float32Array.from([...new Float32Array(48_000), ...samples, ...new Float32Array(48_000)])),
    };
    for (const [name, spoil] of Object.entries(worse))
      expect(
        heard((prompt) => spoil(say(prompt))),
        name,
      ).to.be.below(clear - 50_000);
    expect(heard((prompt) => say(prompt, { ...STRANGER, liveliness: 0 }))).to.be.below(clear - 200_000);
  });

  it('does not care how loud it is or at what rate it was made', () => {
    const prompt = PROMPTS[0]!;
    const clear = judge(prompt, say(prompt)).scorePpm;
    expect(
      judge(
        prompt,
        change(say(prompt), (samples) => samples.map((value) => value / 64)),
      ).scorePpm,
    ).to.be.closeTo(clear, 500);
    expect(judge(prompt, synthesiseReference(prompt.phones, STRANGER, 22_050)).scorePpm).to.be.closeTo(clear, 60_000);
  });

  it('names what is no speech at all', () => {
    const audio = (samples: ArrayLike<number>, sampleRateHz = 16_000): Audio => ({ samples: Float32Array.from(samples), sampleRateHz });
    const faults = [
      [audio([]), 'scoring.audio_empty'],
      [audio(new Float32Array(32_000)), 'scoring.audio_silent'],
      [audio(new Float32Array(100).fill(0.5)), 'scoring.audio_too_short'],
      [audio([Number.NaN]), 'scoring.audio_not_finite'],
      [audio(NOISE, 1_000_000), 'scoring.audio_shape'],
      [audio(NOISE, 11_025.5), 'scoring.audio_shape'],
      [audio(new Float32Array(8_000 * 61).fill(0.1), 8_000), 'scoring.audio_too_long'],
    ] as const;
    for (const [given, fault] of faults) {
      expect(judge(PROMPTS[0]!, given)).to.deep.equal(faultScore(fault));
      expect(Object.keys(scoringFailure.table)).to.include(fault);
    }
  });

  it('never throws, and always answers in whole ppm', () => {
    const samples = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(samples, fc.constantFrom(8_000, 16_000, 22_050, 44_100), (values, sampleRateHz) => {
        const { parts, scorePpm } = judge(PROMPTS[0]!, {
          samples: Float32Array.from({ length: 20_000 }, (_, n) => values[n % values.length]!),
          sampleRateHz,
        });
        return [scorePpm, ...Object.values(parts)].every((ppm) => Number.isInteger(ppm) && ppm >= 0 && ppm <= 1_000_000);
      }),
      { numRuns: 25 },
    );
  });

  it('depends on prompt and audio alone', () => {
    const [first, second] = PROMPTS;
    const fresh = createUtteranceJudge();
    fresh(second!, say(second!));
    expect(fresh(first!, say(first!))).to.deep.equal(judge(first!, say(first!)));
  });

  it('shows copies in its fingerprints and others apart', () => {
    const prompt = PROMPTS[0]!;
    const picture = (audio: Audio) => judge(prompt, audio).fingerprint;
    const own = picture(say(prompt));
    expect(own).to.match(/^[0-9a-f]{960}$/);
    expect(fingerprintDistance(own, own)).to.equal(0);
    expect(fingerprintDistance(own, picture(noisy(say(prompt), 0.0001)))).to.be.below(30_000);
    const other = picture(say(prompt, { ...STRANGER, pitchHz: 210, formantScale: 1.2, rate: 1.1 }));
    expect(fingerprintDistance(own, other)).to.be.above(100_000);
    expect(fingerprintDistance(own, other)).to.equal(fingerprintDistance(other, own));
    expect(fingerprintDistance(own, '')).to.equal(1_000_000);
    expect(fingerprintDistance('0'.repeat(960) + own, other + own)).to.equal(0);
  });
});

describe('the score of a model', () => {
  const scores = (values: readonly number[]) => values.map((scorePpm) => ({ ...faultScore('x'), scorePpm, fault: null }));

  it('is the mean less half a standard error, in whole numbers', () => {
    expect(combinePrompts([])).to.equal(0);
    expect(combinePrompts(scores([700_000]))).to.equal(700_000);
    expect(combinePrompts(scores([500_000, 500_000, 500_000]))).to.equal(500_000);
    // Standard deviation 282,842; standard error 200,000.
    expect(combinePrompts(scores([400_000, 800_000]))).to.equal(500_000);
  });

  it('never drops a fault, stays within bounds and does not depend on order', () => {
    expect(combinePrompts([...scores([900_000, 900_000, 900_000]), faultScore('scoring.run_failed')])).to.be.below(675_001);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 128 }), (values) => {
        const score = combinePrompts(scores(values));
        const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
        return Number.isInteger(score) && score >= 0 && score <= middle && score === combinePrompts(scores([...values].reverse()));
      }),
    );
  });

  it('is never mixed between engines or versions', () => {
    const digest = scorerDigest({ profile: BUILTIN_PROFILE, engineId: 'a' });
    expect(digest).to.match(/^[0-9a-f]{64}$/);
    expect(scorerDigest({ profile: BUILTIN_PROFILE, engineId: 'b' })).to.not.equal(digest);
    expect(scorerDigest({ profile: { ...BUILTIN_PROFILE, codeVersion: 4 }, engineId: 'a' })).to.not.equal(digest);
  });
});
