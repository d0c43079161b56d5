import { expect } from 'chai';
import { compareTexts } from '../../../../scoring/neural/errors.js';
import {
  concludeVoices,
  dnsmosOf,
  type Heard,
  NEURAL,
  NEURAL_PROFILE,
  type NeuralDigests,
  neuralScore,
  neuralScorerDigest,
  speechShare,
} from '../../../../scoring/neural/profile.js';
import { NEURAL_MODELS, parseSource } from '../../../../scoring/neural/source.js';
import { BUILTIN_PROFILE, combinePrompts, faultScore, type PromptScore, scorerDigest } from '../../../../scoring/profile.js';

const PARTS = { content: 1e6, clean: 1e6, prosody: 1e6, spectrum: 1e6, rate: 1e6, padding: 1e6 };
const BUILTIN: PromptScore = { parts: PARTS, scorePpm: 1e6, audioDigest: 'aa', fingerprint: 'ff', fault: null };
const TEXT = 'The small dog saw the red boat near the old house.';
const GOOD: Heard = {
  transcript: TEXT,
  recognition: compareTexts(TEXT, TEXT),
  speechShare: 0.9,
  dnsmos: { signal: 3.5, background: 4, overall: 3.1 },
  utmos: 4.3,
  embedding: [1, 0, 0],
};
const heard = (change: Partial<Heard>, builtin: Partial<typeof PARTS> = {}) =>
  neuralScore({ ...BUILTIN, parts: { ...PARTS, ...builtin } }, { ...GOOD, ...change });
const saying = (transcript: string) => heard({ transcript, recognition: compareTexts(TEXT, transcript) });

describe('profile neural-1', () => {
  it('weighs its parts to a hundred', () => {
    expect(Object.values(NEURAL.weightsPercent).reduce((sum, percent) => sum + percent, 0)).to.equal(100);
  });

  it('is full for speech that all judges like', () => {
    const score = concludeVoices([heard({}), heard({})]);
    expect(score.map(({ scorePpm }) => scorePpm)).to.deep.equal([1e6, 1e6]);
    expect(Object.keys(score[0]!.parts)).to.have.members([...Object.keys(NEURAL.weightsPercent), 'activity', 'warping']);
  });

  it('lets nothing buy back what was not said, or what is no speech', () => {
    expect(saying('Completely other words were spoken by somebody else today.').scorePpm).to.be.at.most(50_000);
    expect(saying('').scorePpm).to.equal(0);
    expect(heard({ speechShare: 0.1 }).scorePpm).to.equal(0);
    expect(saying('The small dog saw the red boat.').scorePpm).to.be.lessThan(300_000);
  });

  it('falls with every single judge, and never rises', () => {
    const worse: readonly PromptScore[] = [
      saying('The small dog saw the bread boat near the old mouse.'),
      heard({ dnsmos: { ...GOOD.dnsmos, overall: 1.9 } }),
      heard({ utmos: 2.5 }),
      heard({ speechShare: 0.3 }),
      heard({}, { content: 0 }),
      heard({}, { clean: 300_000 }),
      heard({}, { prosody: 100_000 }),
      heard({}, { spectrum: 100_000 }),
      heard({}, { rate: 0 }),
      heard({}, { padding: 0 }),
    ];
    for (const { scorePpm } of worse) expect(scorePpm).to.be.within(1, 999_000);
  });

  it('takes DNSMOS as a floor: above it more is worth nothing, below it the worse of two judges counts', () => {
    expect(heard({ dnsmos: { ...GOOD.dnsmos, overall: 4.5 } }).scorePpm).to.equal(heard({}).scorePpm);
    expect(heard({ dnsmos: { ...GOOD.dnsmos, overall: 4.5 } }, { clean: 400_000 }).parts['clean']).to.equal(400_000);
    expect(heard({ dnsmos: { ...GOOD.dnsmos, overall: 1.5 } }, { clean: 400_000 }).parts['clean']).to.equal(0);
  });

  it('counts what is not a number as the worst there is', () => {
    const broken = heard({ utmos: Number.NaN, dnsmos: { signal: 1, background: 1, overall: Number.POSITIVE_INFINITY } });
    expect(broken.parts).to.include({ naturalness: 0, clean: 0 });
    expect(concludeVoices([heard({ embedding: [Number.NaN, 1] }), heard({}), heard({})])[0]!.parts['voice']).to.equal(0);
    expect(Number.isInteger(broken.scorePpm)).to.equal(true);
  });

  it('hears when one utterance is said by somebody else', () => {
    const scores = concludeVoices([heard({}), heard({ embedding: [0.9, 0.1, 0] }), heard({ embedding: [0, 1, 0] }), heard({})]);
    const voices = scores.map(({ parts }) => parts['voice']);
    expect(voices[0]).to.equal(1e6);
    expect(voices[2]).to.equal(0);
    expect(scores[2]!.scorePpm).to.be.lessThan(scores[0]!.scorePpm);
  });

  it('keeps faults at 0, without a voice, and is full for a single utterance', () => {
    const [fault, one] = concludeVoices([faultScore('scoring.audio_empty'), heard({})]);
    expect(fault).to.deep.equal(faultScore('scoring.audio_empty'));
    expect(one!.parts['voice']).to.equal(1e6);
    expect(combinePrompts([fault!, one!])).to.be.lessThan(500_000);
    expect(neuralScore(faultScore('scoring.audio_silent'), GOOD)).to.deep.equal(faultScore('scoring.audio_silent'));
  });

  it('fits the raw numbers of DNSMOS as published, mean over windows', () => {
    const one = dnsmosOf([[3, 4, 3]]);
    expect(one.signal).to.be.closeTo(-0.08397278 * 9 + 1.22083953 * 3 + 0.0052439, 1e-12);
    expect(one.background).to.be.closeTo(-0.13166888 * 16 + 1.60915514 * 4 - 0.39604546, 1e-12);
    expect(one.overall).to.be.closeTo(-0.06766283 * 9 + 1.11546468 * 3 + 0.04602535, 1e-12);
    expect(
      dnsmosOf([
        [3, 4, 3],
        [1, 1, 1],
      ]).signal,
    ).to.be.closeTo((one.signal + dnsmosOf([[1, 1, 1]]).signal) / 2, 1e-12);
    expect(speechShare([0.5, 0.49, 1, 0])).to.equal(0.5);
    expect(speechShare([])).to.equal(0);
  });

  it('has another digest for every model, engine and profile', () => {
    // Safety: one entry per name.
    const models = Object.fromEntries(NEURAL_MODELS.map((name) => [name, 'a'.repeat(64)])) as NeuralDigests;
    const digests = [
      neuralScorerDigest({ engineId: 'x', models }),
      neuralScorerDigest({ engineId: 'y', models }),
      ...NEURAL_MODELS.map((name) => neuralScorerDigest({ engineId: 'x', models: { ...models, [name]: 'b'.repeat(64) } })),
      scorerDigest({ profile: BUILTIN_PROFILE, engineId: 'x' }),
      scorerDigest({ profile: NEURAL_PROFILE, engineId: 'x' }),
    ];
    expect(new Set(digests).size).to.equal(digests.length);
  });
});

describe('the source of a model', () => {
  it('is a place and a digest', () => {
    const sha256 = '0f'.repeat(32);
    expect(parseSource(`/models/silero.onnx#sha256=${sha256}`)).to.deep.equal({
      ok: true,
      value: { location: '/models/silero.onnx', remote: false, sha256 },
    });
    const remote = parseSource(`https://example.org/a#b.onnx#sha256=${sha256}`);
    expect(remote.ok && remote.value).to.include({ location: 'https://example.org/a#b.onnx', remote: true });
    for (const bad of ['', '/a', `#sha256=${sha256}`, `/a#sha256=${sha256.slice(1)}`, `http://example.org/a#sha256=${sha256}`]) {
      expect(parseSource(bad).ok, bad).to.equal(false);
    }
  });
});
