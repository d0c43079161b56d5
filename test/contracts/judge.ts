import { expect } from 'chai';
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

    it('answers for audio that is none', async () => {
      const score = await judge.judge(PROMPTS[0]!, { samples: new Float32Array(0), sampleRateHz: 16_000 });
      expect(score.fault).to.equal('scoring.audio_empty');
    });
  });
}
