import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import type { Judge } from '../../scoring/ports.js';
import { judgeUtterance } from '../../scoring/profile.js';
import { drawPrompts } from '../../scoring/prompts.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../scoring/voices/reference.js';

const PROMPTS = drawPrompts('judge contract', 3, { kinds: ['plain'] });

/** What every judge promises, wherever it listens. */
export function judgeContract(name: string, create: () => Judge): void {
  describe(`judge contract: ${name}`, function () {
    this.timeout(60_000);
    let judge: Judge;
    before(() => {
      judge = create();
    });
    after(() => judge.close());

    it('says what the pure function says, also when asked for several at once, and leaves the audio as it was', async () => {
      const audio = PROMPTS.map(({ phones }) => synthesiseReference(phones, REFERENCE_VOICES[0]!));
      const before = audio.map(({ samples }) => samples.slice());
      const scores = await Promise.all(PROMPTS.map((prompt, at) => judge.judge(prompt, audio[at]!)));
      expect(scores).to.deep.equal(PROMPTS.map((prompt, at) => judgeUtterance(prompt, audio[at]!)));
      expect(audio.map(({ samples }) => samples)).to.deep.equal(before);
    });

    it('judges good, bad and odd audio alike, bit for bit', async () => {
      const prompt = PROMPTS[0]!;
      const spoken = synthesiseReference(prompt.phones, REFERENCE_VOICES[1]!);
      const other = synthesiseReference(PROMPTS[1]!.phones, REFERENCE_VOICES[0]!);
      const length = 24_000;
      const sounds = [
        spoken,
        other,
        synthesiseReference(prompt.phones, REFERENCE_VOICES[0]!, 22_050),
        { ...spoken, samples: spoken.samples.map((sample, n) => sample + 0.05 * Math.sin(n * n)) },
        { samples: new Float32Array(length), sampleRateHz: 16_000 },
        { samples: Float32Array.from({ length }, (_, n) => Math.sin(n / 9)), sampleRateHz: 16_000 },
        { samples: Float32Array.from({ length }, () => Number.NaN), sampleRateHz: 16_000 },
      ];
      const scores = await Promise.all(sounds.map((audio) => judge.judge(prompt, audio)));
      expect(scores).to.deep.equal(sounds.map((audio) => judgeUtterance(prompt, audio)));
      expect(scores[0]!.scorePpm).to.be.greaterThan(scores[1]!.scorePpm);
      expect(await judge.judge(prompt, spoken)).to.deep.equal(scores[0]);
    });

    it('leaves nobody waiting when it is closed while busy, and hears nothing afterwards', async () => {
      const busy = create();
      const audio = synthesiseReference(PROMPTS[0]!.phones, REFERENCE_VOICES[0]!);
      const outcome = (work: Promise<unknown>) =>
        work.then(
          () => 'done',
          (error: unknown) => (isFailure(error) ? `${error.code} ${error.disposition}` : String(error)),
        );
      const asked = [outcome(busy.judge(PROMPTS[0]!, audio)), outcome(busy.judge(PROMPTS[0]!, audio))];
      await Promise.all([busy.close(), busy.close()]);
      for (const each of await Promise.all(asked)) expect(each).to.be.oneOf(['done', 'scoring.judge_closed retry']);
      expect(await outcome(busy.judge(PROMPTS[0]!, audio))).to.equal('scoring.judge_closed retry');
    });

    it('answers for audio that is none', async () => {
      const score = await judge.judge(PROMPTS[0]!, { samples: new Float32Array(0), sampleRateHz: 16_000 });
      expect(score.fault).to.equal('scoring.audio_empty');
    });
  });
}
