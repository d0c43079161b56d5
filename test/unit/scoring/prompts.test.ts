import { expect } from 'chai';
import { allWords } from '../../../scoring/bank/bank.js';
import { EASY_DECOYS, HARD_DECOYS } from '../../../scoring/decoys.js';
import { countErrors } from '../../../scoring/edits.js';
import { expectedDurationMs, isPhone, type Phone, syllableCount, wordsOf } from '../../../scoring/phonemes.js';
import { PROMPT_KINDS } from '../../../scoring/prompt-kinds.js';
import { drawPrompts, PROMPTS_PER_DRAW_MAX, promptSetDigest } from '../../../scoring/prompts.js';

const PROMPTS = drawPrompts('5eed', 64);

describe('prompts', () => {
  it('are pinned: a seed that means other prompts needs a new PROMPT_SET_VERSION', () => {
    expect(promptSetDigest(drawPrompts('00', 16))).to.equal('765abfd3676fb6b3bbeb73ae751f1ff342f852bb71d299f32347c90dc1ed05b7');
  });

  it('depend on the seed alone; fewer prompts are the first of more', () => {
    expect(drawPrompts('5eed', 8)).to.deep.equal(PROMPTS.slice(0, 8));
    expect(promptSetDigest(drawPrompts('5eee', 64))).to.not.equal(promptSetDigest(PROMPTS));
    expect(promptSetDigest(PROMPTS.slice(1))).to.not.equal(promptSetDigest(PROMPTS));
  });

  it('use every kind before any comes twice', () => {
    for (let from = 0; from < PROMPTS.length; from += PROMPT_KINDS.length) {
      const kinds = PROMPTS.slice(from, from + PROMPT_KINDS.length).map(({ kind }) => kind);
      expect(kinds).to.have.members([...PROMPT_KINDS]);
    }
    expect(new Set(drawPrompts('5eed', 20, { kinds: ['question'] }).map(({ kind }) => kind))).to.deep.equal(new Set(['question']));
  });

  it('are whole sentences of known phones, as many words as their text', () => {
    for (const { text, spoken, phones, kind } of PROMPTS) {
      expect(text).to.match(kind === 'numbers' ? /^[A-Z][A-Za-z0-9 ,$.:-]*[.]$/ : /^[A-Z][A-Za-z ,]*[.?!]$/);
      expect(spoken).to.match(/^[A-Z][A-Za-z ,]*[.?!]$/);
      expect(phones.every(isPhone), text).to.equal(true);
      expect(phones.at(-1)).to.equal(text.at(-1));
      expect(wordsOf(phones)).to.have.length(spoken.split(' ').length);
      if (kind === 'long') expect(text.split(' ').length).to.be.at.least(20);
    }
  });

  it('write numbers in digits and know how they are spoken', () => {
    for (const { text, spoken, phones } of drawPrompts('digits', 32, { kinds: ['numbers'] })) {
      expect(text).to.match(/\d/);
      const known = allWords();
      const words = spoken.slice(0, -1).replaceAll(',', '').split(' ');
      const said = words.map((word) => known.get(word) ?? known.get(word.toLowerCase()));
      expect(said.map((word) => word?.phones.join(' '))).to.deep.equal(wordsOf(phones).map((word) => word.join(' ')));
    }
  });

  it('come with easy decoys of about their length and hard ones that differ in one word of as many syllables', () => {
    for (const { text, phones, decoys } of PROMPTS) {
      expect(decoys.length, text).to.be.within(EASY_DECOYS + 1, EASY_DECOYS + HARD_DECOYS);
      for (const easy of decoys.slice(0, EASY_DECOYS)) {
        expect(expectedDurationMs(easy) / expectedDurationMs(phones), text).to.be.within(0.4, 1.7);
      }
      const own = wordsOf(phones).map(String);
      for (const hard of decoys.slice(EASY_DECOYS)) {
        const changed = wordsOf(hard).filter((word, at) => String(word) !== own[at]);
        expect(changed, text).to.have.length(1);
        expect(syllableCount(hard)).to.equal(syllableCount(phones));
      }
    }
  });

  it('are told from easy decoys by a fifth of their sounds at least, and by a third where they are no minimal pairs', () => {
    const apart = (phones: readonly Phone[], other: readonly Phone[]) => {
      const { substitutions, deletions, insertions } = countErrors(phones, other);
      return (substitutions + deletions + insertions) / phones.length;
    };
    for (const { kind, phones, decoys, text } of [...PROMPTS, ...drawPrompts('pairs', 32, { kinds: ['minimal-pair'] })]) {
      const nearest = Math.min(...decoys.slice(0, EASY_DECOYS).map((easy) => apart(phones, easy)));
      expect(nearest, text).to.be.at.least(kind === 'minimal-pair' ? 0.2 : 0.33);
    }
  });

  it('hardly ever repeat and have seeds of their own', () => {
    expect(new Set(drawPrompts('many', 128).map(({ text }) => text)).size).to.be.above(126);
    const seeds = PROMPTS.map(({ seed }) => seed);
    expect(new Set(seeds).size).to.equal(64);
    for (const seed of seeds) expect(seed).to.match(/^[0-9a-f]{64}$/);
  });

  it('are bounded in number', () => {
    for (const count of [-1, 1.5, PROMPTS_PER_DRAW_MAX + 1]) expect(() => drawPrompts('s', count)).to.throw(RangeError);
    expect(() => drawPrompts('s', 1, { kinds: [] })).to.throw(RangeError);
  });
});
