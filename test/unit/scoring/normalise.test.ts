import { expect } from 'chai';
import fc from 'fast-check';
import { allWords } from '../../../scoring/bank/bank.js';
import { spokenWords, TEXT_LENGTH_MAX } from '../../../scoring/normalise.js';
import { CARDINAL_MAX, cardinalWords, ordinalEnding, ordinalWords } from '../../../scoring/numbers.js';
import { drawPrompts } from '../../../scoring/prompts.js';

const read = (text: string): string => {
  const words = spokenWords(text);
  if (!words.ok) throw new Error(words.error);
  return words.value.join(' ');
};

describe('the words of a text', () => {
  const EXAMPLES: Readonly<Record<string, string>> = {
    // Numbers.
    '0 7 12 20 45 100 342': 'zero seven twelve twenty forty five one hundred three hundred forty two',
    '1,000 7056 1,000,001': 'one thousand seven thousand fifty six one million one',
    '007 99999999999999999': `zero zero seven ${Array(17).fill('nine').join(' ')}`,
    '3.05 -5 twenty-one': 'three point zero five minus five twenty one',
    '1/2 3/4 2/3 ½': 'one half three quarters two thirds one half',
    '5% & 20 km': 'five percent and twenty kilometers',
    'Call 555-1234 or 415-555-0199.': 'call five five five one two three four or four one five five five five zero one nine nine',
    // Ordinals and dates.
    '1st 2nd 3rd 11th 21st 30th': 'first second third eleventh twenty first thirtieth',
    'March 21, 2024': 'march twenty first two thousand twenty four'.replace('two thousand twenty four', 'twenty twenty four'),
    'On May 3rd, 1905, in 2007': 'on may third nineteen oh five in two thousand seven',
    '7/4/1976 and the 1990s': 'july fourth nineteen seventy six and the nineteen nineties',
    'In 1900 there were 1984 apples': 'in nineteen hundred there were one thousand nine hundred eighty four apples',
    // Money.
    '$1 $3.50 $7,056': 'one dollar three dollars and fifty cents seven thousand fifty six dollars',
    '£2.01 €5 $2.5 million': 'two pounds and one penny five euros two point five million dollars',
    // Times.
    '7:45 7:05 12:00': 'seven forty five seven oh five twelve oclock',
    '9 am, 10:30 p.m. I am': 'nine a m ten thirty p m i am',
    "It's 5 o'clock": 'it is five oclock',
    // Abbreviations and contractions.
    'Dr. Smith vs. Mrs. Jones': 'doctor smith versus missus jones',
    'St. Paul lives at Main St.': 'saint paul lives at main street',
    'The U.S. No. 5, #6, etc.': 'the u s number five number six et cetera',
    "I don't, can't, won't; we're, you've, she'll, I'd": 'i do not can not will not we are you have she will i would',
    "Anna's dog, that's it, y'all": 'annas dog that is it yall',
    // What recognisers add.
    ' [MUSIC] Hello -- “World”… <|en|> ': 'hello world',
    'café colour OK': 'cafe color okay',
    '': '',
    '?!.': '',
  };

  for (const [text, words] of Object.entries(EXAMPLES)) it(`reads ${JSON.stringify(text)}`, () => expect(read(text)).to.equal(words));

  it('reads every prompt as it is spoken', () => {
    const prompts = ['a', 'b', 'c'].flatMap((seed) => [...drawPrompts(seed, 32), ...drawPrompts(seed, 64, { kinds: ['numbers'] })]);
    for (const { text, spoken } of prompts) {
      const words = spoken.toLowerCase().replaceAll(/[,.?!]/g, '');
      expect(read(text), text).to.equal(words);
      expect(read(spoken)).to.equal(words);
    }
  });

  it('leaves every word of the bank as it is', () => {
    for (const word of allWords().keys()) expect(read(word)).to.equal(word.toLowerCase());
  });

  it('gives words of a to z, the same when read again, for any text', () => {
    const alphabet = fc.constantFrom(..."aeimnorstdl AST'.,-:;/$£%&#@()[]<>0123456789½é\u2019\u2014\n ");
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(alphabet, { maxLength: 120 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const words = read(text);
        return /^([a-z]+( [a-z]+)*)?$/.test(words) && read(words) === words;
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses what is too long, and is quick about the longest', () => {
    expect(spokenWords('a'.repeat(TEXT_LENGTH_MAX + 1)).ok).to.equal(false);
    for (const piece of ['9', '1,', '$', "a'", '[', '<', 'a.', '1/', '7:', '-']) {
      expect(spokenWords(piece.repeat(TEXT_LENGTH_MAX / piece.length)).ok).to.equal(true);
    }
  });
});

describe('numbers in words', () => {
  const VALUE: Readonly<Record<string, number>> = Object.fromEntries(
    [...Array(20).keys(), 20, 30, 40, 50, 60, 70, 80, 90].map((n) => [cardinalWords(n)[0]!, n]),
  );
  const POWER: Readonly<Record<string, number>> = { thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };
  const meant = (words: readonly string[]): number => {
    let [total, group] = [0, 0];
    for (const word of words) {
      const power = POWER[word];
      if (power !== undefined) [total, group] = [total + group * power, 0];
      else if (word === 'hundred') group *= 100;
      else group += VALUE[word]!;
    }
    return total + group;
  };

  it('mean the number they were made of', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: CARDINAL_MAX }), (n) => meant(cardinalWords(n)) === n));
    fc.assert(fc.property(fc.integer({ min: 0, max: 2_000 }), (n) => meant(cardinalWords(n)) === n));
  });

  it('agree with what is written in digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999 }), (n) => {
        const ordinal = ordinalWords(n).join(' ');
        return read(String(n)) === cardinalWords(n).join(' ') && read(`${n}${ordinalEnding(n)}`) === ordinal;
      }),
    );
  });
});
