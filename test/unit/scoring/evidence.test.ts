import { expect } from 'chai';
import { listenTo, orderOf, type SystemScore, spearman } from '../../support/judge-evidence.js';
import { SPEECH_SYSTEMS } from '../../support/speech-systems.js';

/** What must be worth next to nothing, and what little. */
const NOTHING = /^(wrong-text|reversed|white-noise|syllabic-noise|tone|silence|decoy-text)/;
const LITTLE = /^(first-half|last-half|shuffled)/;

/**
 * A bounded run of `npm run bench judge`. The seeds of the held half were never looked at while a threshold was set.
 */
describe('builtin-1 over many systems', function () {
  this.timeout(600_000);
  const heard = new Map<string, SystemScore>();
  const of = (name: RegExp) => [...heard.values()].filter(({ id }) => name.test(id));

  before(() => {
    const texts = SPEECH_SYSTEMS.filter(({ id }) => NOTHING.test(id) || LITTLE.test(id));
    const rest = SPEECH_SYSTEMS.filter((system) => !texts.includes(system));
    for (const half of ['tuned', 'held'] as const) {
      const seeds = [1, 2, 3, 4, 5].map((n) => `${half} evidence ${n}`);
      const mine = (systems: typeof SPEECH_SYSTEMS) => systems.filter((system) => system.half === half);
      for (const score of listenTo(mine(texts), { seeds, promptsPerSeed: 1 })) heard.set(score.id, score);
      for (const score of listenTo(mine(rest), { seeds: seeds.slice(0, 2), promptsPerSeed: 1 })) heard.set(score.id, score);
    }
  });

  for (const half of ['tuned', 'held'] as const) {
    it(`puts the ${half} half in the expected order`, () => {
      const scores = [...heard.values()].filter((score) => score.half === half);
      expect(scores.length).to.be.at.least(30);
      expect(orderOf(scores), scores.map(({ id, score }) => `${id} ${score.toFixed(2)}`).join(', ')).to.be.at.least(0.9);
    });
  }

  it('gives next to nothing for another text, backwards speech, noise, a tone and silence', () => {
    for (const { id, score, prompts } of of(NOTHING)) {
      expect(prompts).to.be.at.least(5);
      expect(score, id).to.be.at.most(0.05);
    }
  });

  it('gives little for half the text or its words in another order', () => {
    for (const { id, score } of of(LITTLE)) expect(score, id).to.be.below(0.3);
  });

  it('gives a clear voice of any height nearly all', () => {
    for (const { id, score, tier } of heard.values()) if (tier === 6) expect(score, id).to.be.at.least(0.9);
  });
});

describe('the rank correlation', () => {
  it('is one for the same order, minus one for the opposite, and knows ties', () => {
    expect(spearman([1, 2, 3], [10, 20, 90])).to.be.closeTo(1, 1e-12);
    expect(spearman([1, 2, 3], [3, 2, 1])).to.be.closeTo(-1, 1e-12);
    expect(spearman([1, 1, 2, 2], [1, 2, 3, 4])).to.be.closeTo(0.8944, 1e-4);
  });
});
