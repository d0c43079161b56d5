import { expect } from 'chai';
import { allWords, BANK, wordOf } from '../../../../scoring/bank/bank.js';
import { plural, readVerbs, regularPast } from '../../../../scoring/bank/words.js';
import { isPhone, isVowel } from '../../../../scoring/phonemes.js';

describe('the word bank', () => {
  it('has at least fifteen hundred forms, each of known phones with a vowel and one main stress at most', () => {
    const words = [...allWords().values()];
    expect(words.length).to.be.at.least(1_500);
    for (const { text, phones } of words) {
      expect(phones.every(isPhone), text).to.equal(true);
      expect(phones.some(isVowel), text).to.equal(true);
      expect(phones.filter((phone) => phone.endsWith('1')).length, text).to.be.at.most(1);
    }
  });

  it('derives regular forms by spelling and sound', () => {
    const forms = (text: string) => {
      const word = wordOf(text);
      return { many: plural(word), past: regularPast(word) };
    };
    expect(forms('bench').many).to.deep.equal({ text: 'benches', phones: ['B', 'EH1', 'N', 'CH', 'AH0', 'Z'] });
    expect(forms('city').many.text).to.equal('cities');
    expect(forms('book').many.phones.at(-1)).to.equal('S');
    expect(forms('stop').past).to.deep.equal({ text: 'stopped', phones: ['S', 'T', 'AA1', 'P', 'T'] });
    expect(forms('want').past.phones.slice(-2)).to.deep.equal(['AH0', 'D']);
    expect(forms('carry').past.text).to.equal('carried');
    expect(forms('whisper').past.text).to.equal('whispered');
    expect(readVerbs('\nsee S IY1 | saw S AO1\n')[0]?.past.text).to.equal('saw');
  });

  it('has minimal pairs that differ in exactly one sound', () => {
    for (const [a, b] of BANK.minimalPairs) {
      const different = a.phones.filter((phone, at) => phone !== b.phones[at]).length;
      expect([a.phones.length - b.phones.length, different], `${a.text} ${b.text}`).to.deep.equal([0, 1]);
    }
  });

  it('refuses words it does not have', () => {
    expect(() => wordOf('xylem')).to.throw(RangeError);
  });
});
