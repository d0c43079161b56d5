import { expect } from 'chai';
import fc from 'fast-check';
import {
  expectedDurationMs,
  expectedPhoneMs,
  INVENTORY,
  ipaOf,
  isPhone,
  isVowel,
  PHONES,
  PHONES_PER_PROMPT_MAX,
  parsePhones,
  syllableCount,
  wordsOf,
} from '../../../scoring/phonemes.js';

/** Every code point in the phoneme_id_map of Piper's English voices that our prompts may need. */
const PIPER_ENGLISH = new Set([
  ...' !,.?abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞βθχᵻ',
]);
const words = (text: string) => text.split(' ');

describe('phonemes', () => {
  it('has the 39 sounds of ARPAbet and five separators', () => {
    expect(INVENTORY.filter(({ kind }) => kind !== 'separator')).to.have.length(39);
    expect(PHONES).to.have.length(24 + 15 * 3 + 5);
    expect(new Set(PHONES).size).to.equal(PHONES.length);
  });

  it('writes every phone in code points that Piper voices know', () => {
    for (const phone of PHONES) {
      for (const symbol of ipaOf(['AA1', phone, 'AA1'])) {
        expect([...symbol], phone).to.have.length(1);
        expect(PIPER_ENGLISH.has(symbol), `${phone} → ${symbol}`).to.equal(true);
      }
    }
  });

  it('writes what espeak-ng writes', () => {
    const golden: Readonly<Record<string, string>> = {
      'HH AH0 L OW1 | N ER1 S .': 'həlˈoʊ nˈɜːs.',
      'F AA1 DH ER0': 'fˈɑːðɚ',
      'HH AE1 P IY0 , | JH AH1 JH ?': 'hˈæpi, dʒˈʌdʒ?',
      'K W EH1 S CH AH0 N !': 'kwˈɛstʃən!',
      'AH0 B AW2 T': 'əbˌaʊt',
      'TH IH1 NG | Y UW1 ZH AH0 W AH0 L .': 'θˈɪŋ jˈuːʒəwəl.',
    };
    for (const [phones, ipa] of Object.entries(golden)) expect(ipaOf(words(phones)).join('')).to.equal(ipa);
  });

  it('refuses what is not a phone', () => {
    for (const wrong of ['AA3', 'B1', 'Q', '', 'aa1', '|1', '__proto__']) expect(isPhone(wrong), wrong).to.equal(false);
    expect(() => ipaOf(['XX'])).to.throw(TypeError);
    expect(parsePhones('HH AH9').ok).to.equal(false);
    expect(parsePhones(' ').ok).to.equal(false);
    expect(parsePhones('B '.repeat(PHONES_PER_PROMPT_MAX + 1)).ok).to.equal(false);
    expect(unwrapPhones('HH AY1 .')).to.deep.equal(['HH', 'AY1', '.']);
  });

  it('counts syllables and words, and expects more time for more sounds', () => {
    const phones = words('HH AH0 L OW1 | N ER1 S .');
    expect(syllableCount(phones)).to.equal(3);
    expect(wordsOf(phones)).to.deep.equal([words('HH AH0 L OW1'), words('N ER1 S')]);
    expect(expectedPhoneMs('AA1')).to.be.above(expectedPhoneMs('AA2'));
    expect(expectedPhoneMs('AA2')).to.be.above(expectedPhoneMs('AA0'));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PHONES), { maxLength: 40 }), fc.constantFrom(...PHONES), (before, next) => {
        expect(expectedDurationMs([...before, next])).to.equal(expectedDurationMs(before) + expectedPhoneMs(next));
        expect(syllableCount(before)).to.equal(before.filter(isVowel).length);
        expect(ipaOf(before).at(-1)).to.not.equal(' ');
      }),
    );
  });
});

function unwrapPhones(text: string): readonly string[] {
  const parsed = parsePhones(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
