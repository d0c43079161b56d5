import { expect } from 'chai';
import { canonicalJson, sha256Hex } from '../../../protocol/digest.js';
import { BUILTIN_PROFILE, createUtteranceJudge } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import { SPEECH_SYSTEMS } from '../../support/speech-systems.js';

/** A change of these numbers is a change of what validators agree on: it needs a new code version of the profile, never just new numbers here. */
const GOLDEN = {
  codeVersion: 3,
  scoresPpm: {
    'voice-child': 1_000_000,
    'noise-7': 692_167,
    'reverb-hall': 675_230,
    'lowpass-1500': 536_501,
    'stutter-slow': 758_308,
    monotone: 556_102,
    'wrong-text': 0,
  },
  digest: '3145280b57eed99e42e0861bba8d3ea5e6c77515af8756024a16d06c931abf1b',
};

const SYSTEMS = ['voice-child', 'noise-7', 'reverb-hall', 'lowpass-1500', 'stutter-slow', 'monotone', 'wrong-text'];

describe('golden scores of builtin-1', function () {
  this.timeout(30_000);

  it('are the same to the last ppm while the code version is the same', () => {
    const judge = createUtteranceJudge();
    const [prompt, unlike, alike] = drawPrompts('golden', 3) as [never, never, never];
    const scores = SPEECH_SYSTEMS.filter(({ id }) => SYSTEMS.includes(id)).map(
      ({ id, speak }) => [id, judge(prompt, speak(prompt, { unlike, alike }))] as const,
    );
    expect({
      codeVersion: BUILTIN_PROFILE.codeVersion,
      scoresPpm: Object.fromEntries(scores.map(([id, { scorePpm }]) => [id, scorePpm])),
      digest: sha256Hex(canonicalJson(scores)),
    }).to.deep.equal(GOLDEN);
  });
});
