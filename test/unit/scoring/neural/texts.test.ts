import { expect } from 'chai';
import fc from 'fast-check';
import { countErrors } from '../../../../scoring/edits.js';
import { compareTexts, errorRate } from '../../../../scoring/neural/errors.js';
import { readTokenizer } from '../../../../scoring/neural/tokenizer.js';
import { wordsOf } from '../../../../scoring/neural/words.js';
import { drawPrompts } from '../../../../scoring/prompts.js';
import { TEST_TOKENS, tokenizerJson } from '../../../support/judge-graphs.js';

const said = (text: string) => wordsOf(text).join(' ');
const tokenizerOf = (json: unknown) => readTokenizer(new TextEncoder().encode(JSON.stringify(json)));

describe('words of a text', () => {
  const SAME: readonly (readonly [string, string])[] = [
    ['On July twenty first the cat has nine thousand eighty four mugs.', 'on july 21st, the cat has 9,084 mugs'],
    ['Her number is seven two four, one one nine zero.', 'Her number is 724-1190'],
    ['It cost three hundred forty two dollars.', 'It cost $342'],
    ['It cost three hundred and forty two dollars.', 'it cost 342 dollars!'],
    ['ten thousand', '10,000'],
    ['The train leaves at ten thirty.', 'the train leaves at 10:30'],
    ['fifty percent', '50%'],
    ["It's not what we'd wanted, can't you see?", 'it is not what we would wanted can not you see'],
    ['Café [music] — “naïve” (laughs)', 'cafe naive'],
    ['He has some flour.', 'he has some flower'],
    ['Mr. Gray', 'mister grey'],
  ];
  for (const [a, b] of SAME) it(`"${a}" is "${b}"`, () => expect(said(a)).to.equal(said(b)));

  const OTHER: readonly (readonly [string, string])[] = [
    ['twenty five', 'twenty six'],
    ['nine hundred', 'nine thousand'],
    ['the second day', 'the first day'],
    ['one and two', 'one two'],
  ];
  for (const [a, b] of OTHER) it(`"${a}" is not "${b}"`, () => expect(said(a)).to.not.equal(said(b)));

  it('makes a prompt as it is written, as it is spoken, and in capitals without marks the same words', () => {
    for (const { text, spoken } of drawPrompts('texts', 128)) {
      expect(said(text)).to.equal(said(spoken));
      expect(said(spoken.toUpperCase().replace(/[.,?!]/g, ''))).to.equal(said(spoken));
    }
  });

  it('are letters or one digit each, whatever is read', () => {
    const any = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789 .,:/$%-'aZé(stndrh)") }));
    fc.assert(
      fc.property(any, (text) => wordsOf(text).every((word) => /^(?:[a-z]+|\d)$/.test(word))),
      { examples: [["n't"], ["'n't"]] },
    );
  });
});

describe('error rates', () => {
  it('counts what was swapped, left out and put in', () => {
    const count = (expected: string, heard: string) => countErrors(expected.split(' '), heard === '' ? [] : heard.split(' '));
    expect(count('a b c d', 'a b c d')).to.deep.equal({ substitutions: 0, deletions: 0, insertions: 0, length: 4 });
    expect(count('a b c d', 'a x c d e')).to.deep.equal({ substitutions: 1, deletions: 0, insertions: 1, length: 4 });
    expect(count('a b c d', 'b c')).to.deep.equal({ substitutions: 0, deletions: 2, insertions: 0, length: 4 });
    expect(count('a b', '')).to.deep.equal({ substitutions: 0, deletions: 2, insertions: 0, length: 2 });
    expect(errorRate(count('a', 'x y z'))).to.equal(1);
    expect(errorRate(count('a b c d', 'a b c x'))).to.equal(0.25);
  });

  it('forgives a compound in two words among the characters', () => {
    const { words, characters } = compareTexts('the notebook cost five dollars', 'The note book cost $5.');
    expect(words).to.include({ substitutions: 1, insertions: 1 });
    expect(errorRate(characters)).to.equal(0);
  });

  it('is a distance: symmetric in size, zero for equals alone, never above the longer text', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    const sum = (a: readonly string[], b: readonly string[]) => {
      const { substitutions, deletions, insertions } = countErrors(a, b);
      expect(deletions - insertions).to.equal(a.length - b.length);
      return substitutions + deletions + insertions;
    };
    fc.assert(
      fc.property(letters, letters, letters, (a, b, c) => {
        expect(sum(a, b)).to.equal(sum(b, a));
        expect(sum(a, b) === 0).to.equal(a.join() === b.join());
        expect(sum(a, b)).to.be.at.most(Math.max(a.length, b.length));
        expect(sum(a, c)).to.be.at.most(sum(a, b) + sum(b, c));
      }),
    );
  });
});

describe("Whisper's vocabulary", () => {
  const read = readTokenizer(tokenizerJson());
  if (!read.ok) throw new Error(read.error);
  const tokenizer = read.value;

  it('knows how to begin and to end, in several languages and in English alone', () => {
    expect(tokenizer.start).to.deep.equal(TEST_TOKENS.start);
    expect(tokenizer.end).to.equal(TEST_TOKENS.end);
    const english = tokenizerOf({ Ġ: 0, '<|endoftext|>': 1, '<|startoftranscript|>': 2, '<|notimestamps|>': 3 });
    expect(english.ok && english.value.start).to.deep.equal([2, 3]);
  });

  it('says bytes as text, and nothing for what is no text', () => {
    const text = ' naïve “day”';
    expect(tokenizer.text([257, ...new TextEncoder().encode(text), 256, 99_999])).to.equal(text);
  });

  it('writes no marks that nobody says, no steering token, and nothing unknown', () => {
    const row = (favourites: Readonly<Record<number, number>>) => Float32Array.from({ length: 300 }, (_, token) => favourites[token] ?? -5);
    const [a, bracket, blank] = ['a', '[', ' '].map((sign) => sign.charCodeAt(0)) as [number, number, number];
    expect(tokenizer.choose(row({ [a]: 1, [bracket]: 9, 258: 9, 299: 9 }), false)).to.equal(a);
    expect(tokenizer.choose(row({ [a]: 1, [blank]: 9, 256: 9 }), true)).to.equal(a);
    expect(tokenizer.choose(row({ [a]: 1, [blank]: 9 }), false)).to.equal(blank);
    expect(tokenizer.choose(row({ [a]: 1, 256: 9 }), false)).to.equal(256);
    expect(tokenizer.choose(new Float32Array(300).fill(Number.NaN), false)).to.equal(256);
  });

  it('says what is wrong with a file that is none', () => {
    const problem = (json: unknown) => {
      const result = tokenizerOf(json);
      return result.ok ? '' : result.error;
    };
    expect(problem([1])).to.match(/neither/);
    expect(problem({ a: 1 })).to.match(/no <\|startoftranscript\|>/);
    const result = readTokenizer(new TextEncoder().encode('{'));
    expect(result.ok ? '' : result.error).to.match(/JSON/);
  });
});
